"""render_start.sh: web, worker and beat in one service, tried with stubs that take notes."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from reproq_worker.package_files import resource
from tests.worker.process import is_alive, until


@pytest.fixture
def start(tmp_path):
    """Starts the script with stubs; `start.notes(role)` are the process ids that took a note."""
    running = []

    def notes(role: str) -> list[int]:
        file = tmp_path / "notes"
        lines = file.read_text().splitlines() if file.exists() else []
        return [int(line.split()[1]) for line in lines if line.split()[0] == role]

    def begin(**variables: str) -> subprocess.Popen[str]:
        stub = tmp_path / "stub"
        stub.write_text('#!/bin/bash\necho "$REPROQ_PROCESS_ROLE $$ $*" >> notes\nexec sleep 60\n')
        stub.chmod(0o755)
        defaults = {
            "REPROQ_WEB_CMD": "./stub web",
            "REPROQ_WORKER_CMD": "./stub worker",
            "REPROQ_BEAT_CMD": "./stub beat",
            "REPROQ_RESTART_DELAY_SECONDS": "0.1",
        }
        process = subprocess.Popen(
            ["bash", resource("render_start.sh")],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]} | defaults | variables,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    begin.notes = notes
    yield begin
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def test_all_three_run_in_their_roles_and_end_with_the_web_process(start):
    script = start()
    until(lambda: all(start.notes(role) for role in ("web", "worker", "beat")))
    pids = [start.notes(role)[0] for role in ("web", "worker", "beat")]
    os.kill(pids[0], signal.SIGTERM)
    assert script.wait(5) == 128 + signal.SIGTERM
    until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_worker_that_ends_is_started_anew(start):
    start()
    [first] = until(lambda: start.notes("worker"))
    os.kill(first, signal.SIGKILL)
    until(lambda: len(start.notes("worker")) == 2)
    assert len(start.notes("web")) == 1


def test_the_end_does_not_wait_for_a_restart(start):
    script = start(REPROQ_RESTART_DELAY_SECONDS="60")
    until(lambda: start.notes("web") and start.notes("worker"))
    os.kill(start.notes("worker")[0], signal.SIGKILL)
    until(lambda: "again in 60 s" in script.stderr.readline())
    script.send_signal(signal.SIGTERM)
    assert script.wait(5) == 128 + signal.SIGTERM


def test_a_signal_ends_everything(start):
    script = start()
    until(lambda: all(start.notes(role) for role in ("web", "worker", "beat")))
    pids = [start.notes(role)[0] for role in ("web", "worker", "beat")]
    script.send_signal(signal.SIGTERM)
    assert script.wait(5) == 128 + signal.SIGTERM
    until(lambda: not any(is_alive(pid) for pid in pids))


@pytest.mark.parametrize(
    "variables",
    [
        {"LOW_MEMORY_MODE": "1"},
        {"REPROQ_SCHEDULER_MODE": "cron"},
        {"REPROQ_BEAT_CMD": ""},
        {"REPROQ_BEAT_CMD": "Off"},
    ],
)
def test_what_means_no_beat(start, variables):
    script = start(**variables)
    until(lambda: start.notes("web") and start.notes("worker"))
    script.send_signal(signal.SIGTERM)
    script.wait(5)
    assert start.notes("beat") == []


def test_nothing_starts_before_the_prestart_has_succeeded(start, tmp_path):
    tries = tmp_path / "tries"
    command = f'echo x >> {tries}; [ "$(wc -l < {tries})" -ge 3 ]'
    start(REPROQ_PRESTART_CMD=command, REPROQ_PRESTART_INTERVAL_SECONDS="0")
    until(lambda: start.notes("web"))
    assert tries.read_text().count("x") == 3


def test_it_gives_up_where_the_prestart_never_succeeds(start):
    script = start(REPROQ_PRESTART_CMD="false", REPROQ_PRESTART_MAX_WAIT_SECONDS="0")
    assert script.wait(5) == 1
    assert start.notes("web") == []


def test_a_web_command_is_required(start):
    script = start(REPROQ_WEB_CMD="")
    assert script.wait(5) == 1
    assert "REPROQ_WEB_CMD" in script.stderr.read()


def test_defaults_are_those_of_the_package(start, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    python = folder / "python"
    python.write_text('#!/bin/bash\necho "$REPROQ_PROCESS_ROLE $*" >> said\nexec sleep 60\n')
    python.chmod(0o755)
    script = resource("render_start.sh").read_text()
    assert Path(folder).exists()
    process = subprocess.Popen(
        ["bash", resource("render_start.sh")],
        cwd=tmp_path,
        env={"PATH": f"{folder}:{os.environ['PATH']}", "REPROQ_WEB_CMD": "sleep 60"},
        start_new_session=True,
    )
    try:
        said = tmp_path / "said"
        until(lambda: said.exists() and len(said.read_text().splitlines()) == 2)
        assert sorted(said.read_text().splitlines()) == [
            "beat manage.py reproq beat --interval 30s",
            "worker manage.py reproq worker --concurrency 3 --metrics-addr 127.0.0.1:9090",
        ]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for line in ("RESTART_DELAY_SECONDS:-5", "INTERVAL_SECONDS:-5", "MAX_WAIT_SECONDS:-120"):
        assert line in script
