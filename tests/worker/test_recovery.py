"""Workers that are killed, stopped or told to leave, and a Postgres that restarts."""

import signal
import time
from contextlib import contextmanager

import psycopg
import pytest

from tests.worker.cutting_proxy import CuttingProxy
from tests.worker.process import Queue, is_alive, noted, until

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)

LONG = (pytest.mark.slow, pytest.mark.long)


def test_a_killed_worker_leaves_no_process_and_its_run_is_run_again(queue, start, tmp_path):
    file = tmp_path / "pids"
    run = queue.enqueue("spawn_and_sleep", 1, str(file))
    first = start("--lease-seconds", 2)
    until(lambda: noted(file))
    below = [*first.descendants(), noted(file)[0][1]]
    assert len(below) >= 4
    first.signal(signal.SIGKILL)
    until(lambda: not any(map(is_alive, below)), 1)
    assert queue.status(run) == "RUNNING"
    start("--lease-seconds", 2)
    record = queue.ended(run, 10)
    assert record["status"] == "SUCCESSFUL"
    assert record["lease_losses"] == 1
    assert record["errors_json"][0]["kind"] == "lease_lost"


@contextmanager
def default_action(number):
    """Where a shell started the tests in its background, they and their children ignore SIGQUIT."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_no_signal_to_the_worker_leaves_a_process_behind(queue, start, tmp_path, number):
    file = tmp_path / "pids"
    queue.enqueue("spawn_and_sleep", 30, str(file))
    with default_action(number):
        worker = start("--shutdown-timeout", 0)
    until(lambda: noted(file))
    below = [*worker.descendants(), noted(file)[0][1]]
    worker.signal(number)
    worker.leave()
    until(lambda: not any(map(is_alive, below)), 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_program_in_a_session_of_its_own_ends_with_the_worker(queue, start, tmp_path, number):
    file = tmp_path / "pids"
    run = queue.enqueue("spawn_and_return", str(file), True)
    worker = start()
    assert queue.ended(run)["status"] == "SUCCESSFUL"
    [(_, program)] = noted(file)
    assert is_alive(program)
    worker.signal(number)
    until(lambda: not is_alive(program), 1)


def test_sigterm_waits_for_what_runs_and_then_releases_without_burning_an_attempt(queue, start):
    short, long = queue.enqueue("sleep", 0.8), queue.enqueue("sleep", 30)
    worker = start("--shutdown-timeout", "1500ms")
    queue.running(long)
    worker.signal(signal.SIGTERM)
    late = queue.enqueue("echo", 1)
    assert worker.leave() == 0
    assert queue.status(short) == "SUCCESSFUL"
    record = queue.run(long)
    assert (record["status"], record["attempts"], record["lease_losses"]) == ("READY", 0, 0)
    assert record["errors_json"] == []
    assert queue.status(late) == "READY"


def test_a_second_sigint_ends_the_waiting(queue, start):
    run = queue.enqueue("sleep", 30)
    worker = start()
    queue.running(run)
    worker.signal(signal.SIGINT)
    time.sleep(0.3)
    assert worker.process.poll() is None
    before = time.monotonic()
    worker.signal(signal.SIGINT)
    assert worker.leave() == 0
    assert time.monotonic() - before < 2
    assert queue.status(run) == "READY"


def test_a_late_outcome_is_refused(queue, start, tmp_path):
    """Stopped past its lease, another worker takes the run, and then the first one wakes up."""
    file = tmp_path / "starts"
    run = queue.enqueue("sleep", 2, str(file))
    first = start("--lease-seconds", 1, "--worker-id", "same")
    until(lambda: file.exists())
    first.signal(signal.SIGSTOP)
    second = start("--lease-seconds", 30, "--worker-id", "same")
    until(lambda: len(noted(file)) == 2, 8)
    first.signal(signal.SIGCONT)
    record = queue.ended(run)
    assert record["status"] == "SUCCESSFUL"
    assert record["lease_no"] == 2
    assert [error["kind"] for error in record["errors_json"]] == ["lease_lost"]
    second.signal(signal.SIGTERM)
    assert second.leave() == 0


def test_what_cannot_be_renewed_is_killed_before_its_lease_ends(
    queue, start, server, database, tmp_path
):
    file = tmp_path / "pids"
    run = queue.enqueue("spawn_and_sleep", 30, str(file))
    worker = start("--lease-seconds", 3)
    until(lambda: noted(file))
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"alter database {database} allow_connections false")
        try:
            cut_connections(admin, database)
            left = queue.value(
                "select extract(epoch from leased_until - clock_timestamp())"
                " from reproq_leases where result_id = %s",
                run,
            )
            until(lambda: not any(map(is_alive, noted(file)[0])), float(left))
        finally:
            admin.execute(f"alter database {database} allow_connections true")
    # The same worker gives the run back and takes it again.
    until(lambda: len(noted(file)) == 2, 6)
    assert queue.run(run)["attempts"] == 1
    assert "cannot be renewed" in worker.log


def test_cut_connections_neither_lose_nor_double_an_outcome(queue, start, server, database):
    runs = [queue.enqueue("sleep", 0.01) for _ in range(300)]
    worker = start("--lease-seconds", 3, "--interval", "200ms")
    done = "select count(*) from task_runs where status = 'SUCCESSFUL'"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        until(lambda: queue.value(done) > 0)
        for _ in range(25):
            time.sleep(0.04)
            cut_connections(admin, database)
    until(lambda: queue.value(done) == len(runs), 10)
    # Each run that was started again had lost its lease first.
    assert queue.value("select count(*) from task_runs where lease_no <> 1 + lease_losses") == 0
    worker.signal(signal.SIGTERM)
    assert worker.leave() == 0


@pytest.mark.parametrize("cuts", [10, pytest.param(200, marks=LONG)])
def test_a_connection_cut_inside_commit_neither_loses_nor_doubles_an_outcome(
    queue, start, server, dsn, cuts
):
    live = "select count(*) from task_runs where finished_at is null"
    with CuttingProxy(server.port, cuts, every=2) as proxy:
        through = dsn.replace(f":{server.port}/", f":{proxy.port}/")
        worker = start("--lease-seconds", 2, "--interval", "100ms", on=through)
        give_up_at = time.monotonic() + 120
        while proxy.cuts_left:
            assert time.monotonic() < give_up_at, f"{proxy.cuts_left} cuts left"
            queue.enqueue("noop", max_lease_losses=1000)
            until(lambda: queue.value(live) < 20, 30)
        until(lambda: queue.value(live) == 0, 30)
    # Each run was started once for each lease, and each lease but the last was lost.
    wrong = """
        select count(*) from task_runs
        where status <> 'SUCCESSFUL' or attempts <> 1 or lease_no <> 1 + lease_losses
            or jsonb_array_length(errors_json) <> lease_losses
    """
    assert queue.value(wrong) == 0
    worker.signal(signal.SIGTERM)
    worker.leave()


def cut_connections(admin: psycopg.Connection, database: str) -> None:
    """End every connection of workers to a database."""
    admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = %s and application_name like 'reproq worker%%'",
        [database],
    )


def test_after_an_immediate_restart_of_postgres_workers_are_back_and_nothing_is_lost(
    start, server, dsn, queue
):
    runs = [queue.enqueue("sleep", 0.02) for _ in range(200)]
    workers = [start("--lease-seconds", 4) for _ in range(2)]
    until(lambda: queue.value("select count(*) from reproq_workers") == len(workers))
    until(lambda: queue.value("select count(*) from task_runs where status = 'SUCCESSFUL'") > 20)
    server.restart("immediate")
    restarted = time.monotonic()
    with psycopg.connect(dsn, autocommit=True) as conn:
        after = Queue(conn)
        done = "select count(*) from task_runs where status = 'SUCCESSFUL'"
        already = after.value(done)
        until(lambda: after.value(done) > already, 5)
        assert time.monotonic() - restarted < 5
        until(lambda: after.value(done) == len(runs), 15)
        assert after.value("select count(*) from reproq_leases") == 0
    for worker in workers:
        assert worker.process.poll() is None
        assert worker.log.count("out of reach") == 1
        assert "error ignored" not in worker.log


def test_a_task_that_kills_its_worker_does_not_kill_the_fleet(queue, start):
    run = queue.enqueue("kill_worker", max_lease_losses=0)
    assert start("--lease-seconds", 1).leave() < 0
    start("--lease-seconds", 1)
    record = queue.ended(run, 8)
    assert record["status"] == "FAILED"
    assert record["errors_json"][-1]["kind"] == "lease_lost"
    assert queue.ended(queue.enqueue("echo", 1))["return_json"] == 1


@pytest.mark.parametrize(("interval", "status"), [(0, "RUNNING"), (60, "SUCCESSFUL")])
def test_a_worker_may_leave_lost_leases_to_others(conn, queue, start, interval, status):
    lost = queue.enqueue("echo", "lost")
    conn.execute("select * from reproq_claim('gone', lease => '1 millisecond')")
    due = queue.enqueue("echo", "due", run_in="2 seconds")
    start("--reclaim-interval-seconds", interval)
    queue.ended(due)
    assert queue.status(lost) == status
