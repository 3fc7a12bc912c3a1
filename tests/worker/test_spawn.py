"""Spawn mode: a program for each task. Here one in another language, by the contract alone."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from reproq_worker.executors import envelope
from tests.worker.process import is_alive, until

NEWEST = pytest.mark.parametrize("server", ["pg18"], indirect=True)
WITH_NODE = pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not on this machine")

NODE = f"node {Path(__file__).parent / 'executor.js'}"
SPAWN = ["--isolation", "spawn", "--executor-command", NODE]

FAILURES = [
    ("fail", ["as asked"], "app_error", "as asked"),
    ("babble", [], "app_error", "Invalid JSON on stdout: "),
    ("flood", [1_100_000], "result_too_large", "max_stdout_bytes"),
    ("die", [], "infra_error", "SIGKILL"),
    ("leave", [7], "infra_error", "code 7"),
]


def node(queue, name, *args, **options):
    return queue.enqueue(name, *args, task_path=f"node.{name}", **options)


@NEWEST
@WITH_NODE
def test_a_program_of_another_language_is_an_executor(queue, start, tmp_path):
    good = node(queue, "sum", 1, 2, 3)
    void = node(queue, "quiet")
    who = node(queue, "who", takes_context=True)
    bad = [node(queue, name, *args, max_attempts=1) for name, args, *_ in FAILURES]
    slow = node(queue, "sleep", 30, timeout_seconds=1, max_attempts=1)
    hold = node(queue, "hold")
    worker = start(*SPAWN, "--concurrency", 4, "--until-empty")
    assert worker.leave(30) == 0
    assert queue.run(good)["return_json"] == 6
    assert queue.run(void)["status"] == "SUCCESSFUL"
    assert queue.run(hold)["return_json"] == "left"
    assert queue.run(who)["return_json"] == {
        "result_id": who,
        "attempt": 1,
        "argv": ["--payload-stdin", "--result-id", str(who), "--attempt", "1"],
    }
    for run, (name, _, kind, words) in zip(bad, FAILURES, strict=True):
        [error] = queue.run(run)["errors_json"]
        assert error["kind"] == kind, name
        assert words in error["message"], name
    [error] = queue.run(bad[0])["errors_json"]
    assert error["exception_class"] == "RangeError"
    assert "executor.js" in error["traceback"]
    assert queue.run(bad[-1])["errors_json"][0]["stderr"] == "last words of node"
    [error] = queue.run(slow)["errors_json"]
    assert error["kind"] == "timeout"
    assert "last words of node" in worker.log
    assert "not JSON" not in worker.log


@NEWEST
@WITH_NODE
@pytest.mark.parametrize("mode", ["file", "stdin"])
def test_no_payload_is_seen_by_others_or_left_behind(queue, start, dsn, tmp_path, mode):
    run = node(queue, "sleep", 1.5, "canary-7")
    folder = tmp_path / "tmp"
    folder.mkdir()
    secrets = {
        "METRICS_AUTH_TOKEN": "canary-8",
        "LISTEN_DATABASE_URL": f"{dsn}?password=canary-9",
        "DATABASE_URL": f"{dsn}?password=canary-10",
        "PGPASSWORD": "canary-11",
    }
    worker = start(*SPAWN, "--payload-mode", mode, TMPDIR=str(folder), **secrets)
    queue.running(run)
    programs = until(lambda: [p for p in worker.descendants() if b"node" in command_line(p)])
    told = node(queue, "told", "PGPASSWORD")
    assert queue.ended(told)["return_json"] == "canary-11"
    files = list(folder.glob(f"reproq-payload-{run}-*.json"))
    assert len(files) == (mode == "file")
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    for pid in [worker.pid, *worker.descendants()]:
        assert b"canary-7" not in command_line(pid)
        own = pid == worker.pid
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"canary-7" not in environment
        assert own or b"canary" not in environment
    assert queue.ended(run)["status"] == "SUCCESSFUL"
    assert list(folder.iterdir()) == []
    assert not any(map(is_alive, programs))
    assert "canary" not in worker.log


def test_a_program_gets_one_path_and_no_settings_from_the_payload():
    spec = {"task_path": "os.system", "args": [1], "django": {"settings_module": "evil"}}
    run = {"result_id": 7, "lease_no": 2, "task_path": "shop.tasks.pay", "spec_json": spec}
    assert json.loads(envelope.payload_of(run)) == {
        "task_path": "shop.tasks.pay",
        "args": [1],
        "run": {"result_id": 7, "lease_no": 2, "task_path": "shop.tasks.pay"},
    }


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@NEWEST
@WITH_NODE
def test_a_cancelled_program_ends_and_so_does_the_worker_with_its_programs(queue, start):
    run, left = node(queue, "sleep", 60), node(queue, "sleep", 61)
    worker = start(*SPAWN)
    for held in (run, left):
        queue.running(held)
    until(lambda: len(worker.descendants()) >= 3)
    queue.value("select reproq_cancel(%s)", run)
    assert queue.ended(run)["status"] == "CANCELLED"
    below = worker.descendants()
    os.kill(worker.pid, 9)
    until(lambda: not any(map(is_alive, below)), 1)


@NEWEST
def test_inline_payloads_are_refused_where_everybody_could_read_them(start, tmp_path):
    flags = ["--isolation", "spawn", "--payload-mode", "inline", "--until-empty"]
    worker = start(*flags)
    assert worker.leave() == 2
    assert "Payload mode inline disabled in production builds" in worker.log
    (tmp_path / "debug_settings.py").write_text("DEBUG = True")
    own = {"DJANGO_SETTINGS_MODULE": "debug_settings", "PYTHONPATH": str(tmp_path)}
    worker = start(*flags, **own)
    assert worker.leave() == 0
    assert "WARNING" in worker.log
    assert "shows arguments to everybody" in worker.log


@NEWEST
def test_a_program_that_does_not_exist_is_a_failure_that_says_so(queue, start):
    run = node(queue, "sum", max_attempts=1)
    start("--isolation", "spawn", "--executor-command", "/no/such/program --flag")
    [error] = queue.ended(run)["errors_json"]
    assert error["kind"] == "infra_error"
    assert error["stderr"] == "cannot start /no/such/program: No such file or directory"
