"""What is particular to thread mode: coroutines share a loop, and threads cannot be killed."""

import re
import signal
import time
from pathlib import Path

import pytest

from tests.worker.process import until

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)


def test_coroutines_run_side_by_side_on_one_loop(queue, start):
    runs = [queue.enqueue("async_sleep", 0.5) for _ in range(20)]
    start("--isolation", "thread", "--concurrency", 20)
    records = [queue.ended(run) for run in runs]
    assert {record["return_json"] for record in records} == {"slept"}
    first = min(record["started_at"] for record in records)
    last = max(record["finished_at"] for record in records)
    assert (last - first).total_seconds() < 2


def test_a_coroutine_that_overruns_is_cancelled_and_frees_its_slot(queue, start):
    worker = start("--isolation", "thread", "--concurrency", 3, "--exec-timeout", "300ms").ready()
    for _ in range(3):
        run = queue.enqueue("async_sleep", 30, max_attempts=1)
        assert queue.ended(run)["errors_json"][0]["kind"] == "timeout"
    assert queue.ended(queue.enqueue("echo", 1))["return_json"] == 1
    assert worker.log.count("working on") == 1  # two lost slots of three would make it start anew


def test_a_slow_task_among_quick_ones_holds_nobody_up(queue, start):
    """Quick ones share a thread; whatever lasts gets the others to work."""
    quick = [queue.enqueue("echo", number) for number in range(50)]
    start("--isolation", "thread", "--concurrency", 2)
    for run in quick:
        queue.ended(run)
    slow = queue.enqueue("sleep", 30)
    queue.running(slow)
    behind = [queue.enqueue("echo", number) for number in range(50, 100)]
    assert [queue.ended(run)["return_json"] for run in behind] == list(range(50, 100))
    assert queue.run(slow)["status"] == "RUNNING"


def test_an_overrun_is_recorded_and_its_late_answer_dropped(queue, start):
    run = queue.enqueue("sleep", 2, timeout_seconds=1, max_attempts=1)
    worker = start("--isolation", "thread", "--concurrency", 3)
    record = queue.ended(run)
    assert record["errors_json"][0]["kind"] == "timeout"
    assert queue.ended(queue.enqueue("echo", 1))["return_json"] == 1
    time.sleep(1.2)
    assert queue.run(run) == record
    assert worker.process.poll() is None


def test_with_half_its_slots_lost_a_worker_starts_anew_under_the_same_pid(queue, start):
    run = queue.enqueue("sleep", 60, timeout_seconds=1, max_attempts=1)
    worker = start("--isolation", "thread", "--concurrency", 2)
    queue.ended(run)
    until(lambda: worker.log.count("working on") == 2)
    assert worker.process.poll() is None
    assert queue.ended(queue.enqueue("echo", 1))["return_json"] == 1


def test_sigterm_releases_what_does_not_end_in_time(queue, start):
    run = queue.enqueue("sleep", 30)
    worker = start("--isolation", "thread", "--shutdown-timeout", "200ms")
    queue.running(run)
    worker.signal(signal.SIGTERM)
    assert worker.leave() == 0
    record = queue.run(run)
    assert (record["status"], record["attempts"]) == ("READY", 0)


def test_a_cancelled_task_is_recorded_at_once(queue, start):
    run = queue.enqueue("async_sleep", 30)
    start("--isolation", "thread")
    queue.running(run)
    queue.value("select reproq_cancel(%s)", run)
    assert queue.ended(run)["status"] == "CANCELLED"


@pytest.mark.slow
def test_large_runs_are_not_held_by_the_hundred(queue, start):
    """What is claimed ahead is bounded by bytes, too, and so is what waits to be delivered."""
    worker = start("--isolation", "thread").ready()
    before = peak(worker.pid)
    for name, arguments in (("noop", "repeat('x', 900000)"), ("repeat", "'x', 900000")):
        queue.value(
            f"select count(reproq_enqueue('plain.{name}', jsonb_build_array({arguments}),"
            " dedup => false)) from generate_series(1, 150)"
        )
        until(lambda: queue.value("select count(*) from task_runs where finished_at is null") == 0)
        assert peak(worker.pid) < before + 150


def peak(pid):
    """The most memory that a process has taken, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


SETUP = """
import logging.config

from tests.worker.plain_executor import *

def setup():
    logging.config.dictConfig({"version": 1, "loggers": {"reproq": {"level": "ERROR"}}})
"""


def test_the_log_outlives_what_tasks_set_up_for_theirs(start, tmp_path):
    """As Django does with LOGGING, in the worker's own process."""
    (tmp_path / "loud_executor.py").write_text(SETUP)
    flags = ["--isolation", "thread", "--executor-module", "loud_executor", "--until-empty"]
    worker = start(*flags, PYTHONPATH=str(tmp_path))
    assert worker.leave() == 0
    assert "processed 0 tasks" in worker.log
