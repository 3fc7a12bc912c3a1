"""`reproq worker` as a command: what it refuses, how it exits, what it never prints."""

import contextlib
import json
import logging
import os
import signal

import pytest
from click.testing import CliRunner
from psycopg.conninfo import make_conninfo

from reproq_worker.cli import main
from reproq_worker.cli.worker import worker, worker_config
from reproq_worker.config import WorkerConfig
from reproq_worker.errors import ConfigError
from reproq_worker.logs import Output

NEWEST = pytest.mark.parametrize("server", ["pg18"], indirect=True)
DSN = ["--dsn", "postgresql://127.0.0.1:1/nowhere"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--concurrency", "0"], "worker.concurrency"),
        (["--concurrency", "1000000"], "worker.concurrency"),
        (["--lease-seconds", "20", "--heartbeat-seconds", "10"], "worker.heartbeat_seconds"),
        (["--lease-seconds", "0"], "worker.lease_seconds"),
        (["--lease-seconds", "soon"], "--lease-seconds"),
        (["--isolation", "hope"], "--isolation"),
        (["--isolation", "thread", "--max-memory", "1G"], "worker.max_memory"),
        (["--max-memory", "much"], "--max-memory"),
        (["--max-stdout-bytes", "1"], "worker.max_stdout_bytes"),
        (["--executor-command", "node 'x"], "worker.executor_command"),
        (["--priority-aging-factor", "x"], "PRIORITY_AGING_FACTOR"),
        (["--no-such-flag"], "--no-such-flag"),
    ],
)
def test_a_bad_setting_is_named_and_ends_with_2(flags, words):
    result = CliRunner().invoke(main, ["worker", *DSN, *flags])
    assert result.exit_code == 2
    assert words in result.output


def test_a_short_lease_brings_a_shorter_heartbeat():
    assert WorkerConfig.of({"dsn": "x", "lease_seconds": 3.0}).heartbeat_seconds == 1
    assert WorkerConfig.of({"dsn": "x", "lease_seconds": 900.0}).heartbeat_seconds == 60
    assert WorkerConfig.of({"dsn": "x", "lease_seconds": None}).heartbeat_seconds == 60


def test_the_first_pause_is_never_longer_than_the_longest():
    assert WorkerConfig.of({"dsn": "x", "poll_max_backoff": 0.05}).poll_min_backoff == 0.05
    with pytest.raises(ConfigError, match=r"worker\.poll_max_backoff must be >= worker\.poll_min"):
        WorkerConfig(dsn="x", poll_min_backoff=2, poll_max_backoff=1)


@pytest.mark.parametrize(
    ("text", "queues"),
    [("a, b,,", ("a", "b")), ("", ("default",)), (" , ", ("default",)), ("a,a", ("a",))],
)
def test_queues_are_a_list_without_blanks(text, queues):
    context = worker.make_context("worker", [*DSN, "--queues", text])
    assert worker_config(context.params).queues == queues


@NEWEST
def test_a_missing_executor_module_is_named_and_ends_with_2(start):
    worker = start("--executor-module", "no.such.module")
    assert worker.leave() == 2
    assert "no.such.module" in worker.log


@NEWEST
@pytest.mark.parametrize("isolation", ["process", "thread"])
def test_a_failing_setup_is_told_in_a_line_and_ends_with_2(start, isolation):
    worker = start("--isolation", isolation, PLAIN_SETUP_FAILS="1")
    assert worker.leave() == 2
    assert "cannot be set up: RuntimeError: settings are bad" in worker.log


@NEWEST
def test_a_database_without_the_schema_ends_with_2(start, empty_dsn):
    worker = start(on=empty_dsn)
    assert worker.leave() == 2
    assert "reproq migrate" in worker.log


@NEWEST
def test_a_database_out_of_reach_ends_with_3_and_keeps_the_password(start):
    worker = start(on="postgresql://someone:canary-1@127.0.0.1:1/nowhere")
    assert worker.leave() == 3
    assert "out of reach" in worker.log
    assert "canary-1" not in worker.log


@NEWEST
def test_a_role_that_may_not_work_is_told_so(start, conn, dsn):
    conn.execute("drop role if exists idler")
    conn.execute("create role idler login")
    worker = start(on=make_conninfo(dsn, user="idler"))
    assert worker.leave() == 1
    assert "permission denied" in worker.log
    assert "out of reach" not in worker.log


@NEWEST
def test_json_logs_are_json_line_by_line(start, queue):
    run = queue.enqueue("echo", "canary-2")
    worker = start("--log-format", "json", "--worker-id", "w-9").ready()
    queue.ended(run)
    worker.signal(signal.SIGTERM)
    assert worker.leave() == 0
    entries = [json.loads(line) for line in worker.log.splitlines()]
    assert {entry["worker_id"] for entry in entries} == {"w-9"}
    assert "canary-2" not in worker.log


def test_a_reader_of_the_log_that_has_gone_is_no_traceback(capfd):
    """As after `reproq worker | head -1`."""
    read, write = os.pipe()
    os.close(read)
    with contextlib.suppress(BrokenPipeError), os.fdopen(write, "w") as gone:
        Output(gone).handle(logging.makeLogRecord({"msg": "nobody reads this"}))
    assert capfd.readouterr().err == ""
