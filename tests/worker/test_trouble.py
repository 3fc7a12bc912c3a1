"""A worker that is told to begin anew, and servers that take no writes or another one's place."""

import os
import signal
import subprocess
import time

import psycopg
import pytest

from reproq_worker.embedded import EmbeddedPostgres, embedded_bin_dir
from tests.harness.machine import NEWEST
from tests.worker.process import Queue, until

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True)

EXECUTOR = """
import time

from reproq_worker import outcomes

def setup():
    pass

def execute(run):
    time.sleep(run["spec_json"]["args"][0])
    return outcomes.completed({answer!r})
"""


def test_sighup_lets_tasks_end_and_goes_on_with_fresh_code_under_the_same_pid(
    queue, start, tmp_path
):
    module = tmp_path / "fresh_executor.py"
    module.write_text(EXECUTOR.format(answer="old"))
    runs = [queue.enqueue("any", seconds) for seconds in (1, 60)]
    flags = ["--executor-module", "fresh_executor", "--shutdown-timeout", "2s"]
    worker = start(*flags, PYTHONPATH=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    for run in runs:
        queue.running(run)
    module.write_text(EXECUTOR.format(answer="fresh"))
    worker.signal(signal.SIGHUP)
    assert queue.ended(runs[0])["return_json"] == "old"
    # What did not end in time was given back, and is tried again, by the same process.
    queue.running(runs[1], 10)
    until(lambda: queue.run(runs[1])["lease_no"] == 2, 10)
    assert queue.run(runs[1])["attempts"] == 1
    assert queue.ended(queue.enqueue("any", 0), 10)["return_json"] == "fresh"
    assert worker.process.poll() is None
    assert worker.log.count("working on") == 2
    worker.signal(signal.SIGTERM)
    assert worker.leave() == 0


def test_closing_its_terminal_ends_a_worker(queue, start):
    ours, terminal = os.openpty()
    worker = start(stdin=terminal).ready()
    os.close(terminal)
    worker.signal(signal.SIGHUP)
    assert worker.leave() == 0
    os.close(ours)


def test_while_the_server_takes_no_writes_outcomes_are_kept_and_little_is_said(
    queue, start, server, database
):
    run = queue.enqueue("sleep", 1.5)
    worker = start("--lease-seconds", 60, "--interval", "200ms").ready()
    queue.running(run)
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"alter database {database} set default_transaction_read_only = on")
        cut_workers_off(admin, database)
        until(lambda: "out of reach" in worker.log)
        late = queue.enqueue("echo", "late")
        time.sleep(2.5)
        assert queue.status(run) == "RUNNING"
        admin.execute(f"alter database {database} reset default_transaction_read_only")
    for each in (queue.ended(run, 10), queue.ended(late, 10)):
        assert (each["status"], each["attempts"], each["lease_no"]) == ("SUCCESSFUL", 1, 1)
    until(lambda: "database is back" in worker.log)
    assert worker.log.count("out of reach") == 1
    assert worker.log.count("WARNING") == 1
    worker.signal(signal.SIGTERM)
    assert worker.leave() == 0


def cut_workers_off(admin: psycopg.Connection, database: str) -> None:
    admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = %s and application_name like 'reproq worker%%'",
        [database],
    )


@pytest.fixture
def standby(server, tmp_path):
    """A standby of the test's server, streaming from it."""
    folder = tmp_path / "standby"
    subprocess.run(
        [
            embedded_bin_dir() / "pg_basebackup",
            "-d",
            server.dsn(),
            "-D",
            folder,
            *["-R", "-c", "fast"],
        ],
        check=True,
        capture_output=True,
    )
    with EmbeddedPostgres(folder, {"max_connections": "200"}) as standby:
        yield standby


@pytest.mark.slow
def test_after_a_failover_the_work_goes_on_at_the_promoted_standby(
    tmp_path, server, database, queue, start, standby
):
    """Sessions are moved over as a proxy or a virtual address does it, before the promotion."""
    run, after = queue.enqueue("sleep", 2), queue.enqueue("sleep", 0, run_in="4 s")
    both = server.dsn(database).replace(
        f":{server.port}/", f":{server.port},127.0.0.1:{standby.port}/"
    )
    worker = start("--lease-seconds", 60, on=both).ready()
    queue.running(run)
    with psycopg.connect(standby.dsn(database), autocommit=True) as conn:
        there = Queue(conn)
        until(lambda: there.run(run) and there.status(run) == "RUNNING", 10)
        server.stop("immediate")
        try:
            until(lambda: "out of reach" in worker.log, 10)
            time.sleep(2)  # by now it has met the standby
            conn.execute("select pg_promote()")
            assert there.ended(run, 30)["lease_no"] == 1
            assert there.ended(after, 30)["status"] == "SUCCESSFUL"
        finally:
            worker.destroy()
            server.start()


def test_a_lost_listen_connection_is_made_again_and_the_queue_looked_at(queue, start, conn):
    start("--interval", "60s").ready()
    until(lambda: conn.execute(LISTENING).fetchone())
    time.sleep(1.5)  # by now the next look at the queue is far away
    [before] = conn.execute(LISTENING).fetchone()
    with conn.transaction():
        conn.execute("select pg_terminate_backend(%s, 5000)", [before])
        # Nobody hears this one.
        run = queue.enqueue("echo", 1)
    began = time.monotonic()
    assert queue.ended(run)["status"] == "SUCCESSFUL"
    assert time.monotonic() - began < 5
    assert until(lambda: conn.execute(LISTENING).fetchone()) != (before,)


LISTENING = """
select pid from pg_stat_activity where query = 'listen reproq' and datname = current_database()
"""
