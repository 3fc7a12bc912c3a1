"""`reproq beat` and `reproq schedule`: keeping time without a worker."""

import io
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from django.core.management import call_command

from reproq_django.models import PeriodicTask, TaskRun
from reproq_worker.cli import main
from tests.races.sessions import value
from tests.worker.process import ROOT, until

DUE = (
    "insert into periodic_tasks (name, cron_expr, task_path, next_run_at)"
    " values ('k', '0 0 1 1 *', 'a.b', now())"
)
RUNS = "select count(*) from task_runs"


@pytest.mark.parametrize("command", [["beat", "--once"], ["schedule"]])
def test_a_line_of_a_crontab_enqueues_what_is_due_once(conn, dsn, command):
    conn.execute(DUE)
    results = [CliRunner().invoke(main, [*command, "--dsn", dsn]) for _ in range(2)]
    assert [r.output for r in results] == [
        "Enqueued 1 scheduled task(s).\n",
        "Enqueued 0 scheduled task(s).\n",
    ]
    assert value(conn, RUNS) == 1


def test_two_beats_beside_each_other_enqueue_once_and_leave_on_request(conn, dsn, tmp_path):
    program = [sys.executable, "-c", "from reproq_worker.cli import main; main()"]
    logs = [tmp_path / "1", tmp_path / "2"]
    beats = [
        subprocess.Popen(
            [*program, "beat", "--interval", "20ms", "--dsn", dsn],
            cwd=ROOT,
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
        )
        for log in logs
    ]
    try:
        until(lambda: all("keeping time" in log.read_text() for log in logs), 20)
        conn.execute(DUE)
        until(lambda: value(conn, RUNS))
        for beat in beats:
            beat.send_signal(signal.SIGTERM)
        assert [beat.wait(15) for beat in beats] == [0, 0]
    finally:
        for beat in beats:
            beat.kill()
            beat.wait()
    assert value(conn, RUNS) == 1
    said = "".join(log.read_text() for log in logs)
    assert said.count("enqueued 1 scheduled task(s)") == 1
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--interval", "0"], 2, "--interval must be above 0"),
        (["--interval", "soon"], 2, "--interval"),
        (["--once"], 3, "refused"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, code, words):
    dsn = ["--dsn", "postgresql://127.0.0.1:1/nowhere"]
    result = CliRunner().invoke(main, ["beat", *dsn, *arguments])
    assert result.exit_code == code
    assert words in result.output


def test_without_a_schema_it_says_so(empty_dsn):
    result = CliRunner().invoke(main, ["beat", "--once", "--dsn", empty_dsn])
    assert result.exit_code == 2
    assert "migrate" in result.output


@pytest.mark.django_db(transaction=True)
def test_manage_py_beats_on_djangos_database(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    schedule = PeriodicTask.objects.create(name="k", cron_expr="@daily", task_path="a.b")
    PeriodicTask.objects.update(next_run_at=schedule.created_at)
    out = io.StringIO()
    call_command("reproq", "beat", "--once", stdout=out)
    assert out.getvalue() == "Enqueued 1 scheduled task(s).\n"
    assert TaskRun.objects.count() == 1
