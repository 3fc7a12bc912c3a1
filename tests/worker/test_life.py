"""The life of a run through a real worker, in every isolation."""

import signal
import time
from itertools import islice

import pytest

from reproq_worker.supervisor.database import delays
from tests.worker.process import until

ISOLATIONS = pytest.mark.parametrize("isolation", ["process", "thread"])


@ISOLATIONS
def test_a_run_is_claimed_run_and_recorded(queue, start, isolation):
    run = queue.enqueue("echo", {"a": [1, "x", None]})
    worker = start("--isolation", isolation, "--worker-id", "w-1", "--until-empty")
    assert worker.leave() == 0
    record = queue.run(run)
    assert record["status"] == "SUCCESSFUL"
    assert record["return_json"] == {"a": [1, "x", None]}
    assert record["attempts"] == 1
    assert record["worker_ids"] == ["w-1"]
    assert record["errors_json"] == []


@ISOLATIONS
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_failing_task_is_tried_again_after_its_backoff_until_its_attempts_end(
    queue, start, isolation
):
    run = queue.enqueue("fail", "first words", max_attempts=2, backoff_base="0.3 seconds")
    start("--isolation", isolation)
    record = queue.ended(run)
    assert record["status"] == "FAILED"
    first, second = record["errors_json"]
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert first["kind"] == "app_error"
    assert first["exception_class"] == "builtins.ValueError"
    assert first["message"] == "first words"
    assert "plain_executor.py" in first["traceback"]
    assert (record["last_attempted_at"] - record["started_at"]).total_seconds() >= 0.3


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_only_its_own_queues_are_worked_on(queue, start):
    mine, other = queue.enqueue("echo", 1, queue="b"), queue.enqueue("echo", 2)
    assert start("--queues", " a, b,,", "--until-empty").leave() == 0
    assert (queue.status(mine), queue.status(other)) == ("SUCCESSFUL", "READY")


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_limit_of_tasks_ends_the_worker(queue, start):
    for number in range(5):
        queue.enqueue("echo", number)
    worker = start("--max-tasks", 3)
    assert worker.leave() == 0
    assert "limit reached" in worker.log
    assert "processed 3 tasks" in worker.log
    assert queue.value("select count(*) from task_runs where status = 'SUCCESSFUL'") == 3
    assert queue.value("select count(*) from task_runs where status = 'READY'") == 2


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_until_empty_works_on_what_its_own_tasks_leave_and_says_that_it_leaves(queue, start):
    runs = [queue.enqueue("sleep", 0.2) for _ in range(5)]
    worker = start("--until-empty")
    assert worker.leave() == 0
    assert {queue.status(run) for run in runs} == {"SUCCESSFUL"}
    assert "no tasks, leaving" in worker.log
    assert "processed 5 tasks" in worker.log


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_until_empty_waits_for_tickets_that_somebody_is_moving(queue, start, make_conn):
    run = queue.enqueue("echo", 1)
    mover = make_conn(autocommit=False)
    mover.execute("select * from reproq_ready for update")
    worker = start("--until-empty").ready()
    time.sleep(0.5)  # several claims have passed over the ticket by now
    assert worker.process.poll() is None
    mover.rollback()
    assert worker.leave() == 0
    assert queue.status(run) == "SUCCESSFUL"


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_slots_run_side_by_side_and_no_more_is_claimed_than_there_are_slots(queue, start):
    runs = [queue.enqueue("sleep", 0.5) for _ in range(6)]
    start("--concurrency", 3)
    until(lambda: "RUNNING" in [queue.status(run) for run in runs])
    time.sleep(0.2)
    assert [queue.status(run) for run in runs].count("RUNNING") == 3


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_notify_wakes_an_idle_worker_at_once(queue, start):
    worker = start("--interval", "30s").ready()
    until(lambda: queue.value("select count(*) from reproq_workers"))
    time.sleep(1.2)  # by now the pause between two looks is longer than the limit below
    before = time.monotonic()
    run = queue.enqueue("echo", 1)
    queue.ended(run)
    assert time.monotonic() - before < 0.5
    assert worker.process.poll() is None


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_an_idle_worker_always_has_a_notify_on_its_way(queue, start):
    start("--interval", "400ms").ready()
    waits = "select bool_and(waiting_until > clock_timestamp()) from reproq_waiters"
    until(lambda: queue.value(waits))
    begun_at = "select min(waiting_until) from reproq_waiters"
    first, times = queue.value(begun_at), set()
    while len(times) < 2:
        assert queue.value(waits)
        times |= {queue.value(begun_at)} - {first}
        time.sleep(0.02)


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_polling_finds_work_where_listening_is_impossible(queue, start):
    start("--interval", "0.5s", "--listen-dsn", "postgresql://127.0.0.1:1/nowhere").ready()
    time.sleep(1)
    before = time.monotonic()
    queue.ended(queue.enqueue("echo", 1))
    assert time.monotonic() - before < 1.0


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_delayed_run_starts_when_it_is_due(queue, start):
    start("--interval", "30s").ready()
    run = queue.enqueue("echo", 1, run_in="0.5 seconds")
    record = queue.ended(run)
    waited = record["started_at"] - record["run_after"]
    assert 0 <= waited.total_seconds() < 2.5


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_worker_shows_itself_and_signs_off(queue, start):
    worker = start("--worker-id", "w-7", "--concurrency", 4, "--queues", "a,b").ready()
    seen = "select to_jsonb(w) from reproq_workers w where worker_id = 'w-7'"
    until(lambda: queue.value("select count(*) from reproq_workers"))
    row = queue.value(seen)
    assert (row["concurrency"], row["queues"]) == (4, ["a", "b"])
    worker.signal(signal.SIGTERM)
    assert worker.leave() == 0
    assert queue.value("select count(*) from reproq_workers") == 0


def test_one_failure_is_met_at_once_and_the_next_ones_with_ever_more_patience():
    first, *others = islice(delays(0.1, limit=2), 8)
    assert first == 0
    for pause, usual in zip(others, (0.1, 0.2, 0.4, 0.8, 1.6, 2, 2), strict=True):
        assert 0.7 * usual <= pause <= usual
