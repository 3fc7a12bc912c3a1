"""Timeouts, cancellations, children that die: one recorded outcome each, and a free slot after."""

import os
import signal
import time

import pytest

from tests.worker.process import is_alive, noted, until

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)


def assert_still_works(queue):
    """A slot is free: two more runs come through."""
    for number in (1, 2):
        assert queue.ended(queue.enqueue("echo", number))["return_json"] == number


def test_a_timeout_kills_the_process_group_of_the_task(queue, start, tmp_path):
    file = tmp_path / "pids"
    run = queue.enqueue("spawn_and_sleep", 30, str(file), timeout_seconds=1, max_attempts=1)
    start()
    record = queue.ended(run)
    assert record["status"] == "FAILED"
    assert record["errors_json"][0]["kind"] == "timeout"
    assert record["errors_json"][0]["exception_class"] == "reproq_worker.errors.TaskTimeout"
    took = (record["failed_at"] - record["started_at"]).total_seconds()
    assert 1 <= took < 2
    [(child, program)] = noted(file)
    until(lambda: not is_alive(child) and not is_alive(program), 1)
    assert_still_works(queue)


def test_no_task_outlives_the_workers_own_limit_even_if_it_ignores_sigterm(queue, start):
    run = queue.enqueue("ignore_sigterm", 30, max_attempts=1)
    start("--exec-timeout", "500ms")
    record = queue.ended(run)
    assert record["errors_json"][0]["kind"] == "timeout"
    assert_still_works(queue)


def test_a_timed_out_attempt_is_tried_again_in_ten_seconds(queue, start):
    run = queue.enqueue("sleep", 30, timeout_seconds=1)
    start()
    queue.attempt_failed(run)
    record = queue.run(run)
    assert record["status"] == "SCHEDULED"
    delay = (record["run_after"] - record["last_attempted_at"]).total_seconds()
    assert 11 <= delay < 12.5


def test_a_running_task_is_cancelled_without_waiting_for_a_heartbeat(queue, start, tmp_path):
    file = tmp_path / "pids"
    run = queue.enqueue("spawn_and_sleep", 30, str(file))
    start()  # its heartbeat is a minute away
    until(lambda: noted(file))
    before = time.monotonic()
    queue.value("select reproq_cancel(%s)", run)
    record = queue.ended(run)
    assert time.monotonic() - before < 1.5
    assert record["status"] == "CANCELLED"
    assert record["errors_json"][-1]["kind"] == "cancelled"
    [(child, program)] = noted(file)
    until(lambda: not is_alive(child) and not is_alive(program), 1)
    assert_still_works(queue)


def test_a_killed_child_is_noticed_at_once_and_counts_as_an_attempt(queue, start, tmp_path):
    file = tmp_path / "pids"
    run = queue.enqueue("spawn_and_sleep", 30, str(file))
    start()
    [(child, program)] = until(lambda: noted(file))
    before = time.monotonic()
    os.kill(child, signal.SIGKILL)
    error = queue.attempt_failed(run)
    assert time.monotonic() - before < 1
    assert error["kind"] == "infra_error"
    assert error["exception_class"] == "reproq_worker.errors.WorkerDied"
    assert "SIGKILL" in error["message"]
    record = queue.run(run)
    assert (record["status"], record["attempts"]) == ("SCHEDULED", 1)
    delay = (record["run_after"] - record["updated_at"]).total_seconds()
    assert 9 < delay <= 10
    until(lambda: not is_alive(program), 1)
    assert_still_works(queue)


ILL_BEHAVED = [
    ("leave", [3], "app_error", "sys.exit(3)"),
    ("leave_at_once", [3], "infra_error", "code 3"),
    ("kill_self", [15], "infra_error", "SIGTERM"),
    ("overflow", [], "infra_error", "SIGSEGV"),
    ("take_memory", [10**9], "app_error", "may take 300 MiB (max_memory)"),
    ("take_memory_in_c", [10**9], "infra_error", "may take 300 MiB (max_memory)"),
    ("close_descriptors", [], "infra_error", "closed the descriptor"),
    ("close_descriptors", [30], "infra_error", "closed the descriptor"),
    ("returns", ["nan"], "app_error", "JSON"),
    ("returns", ["bytes"], "app_error", "JSON"),
    ("returns", ["huge"], "result_too_large", "bytes"),
    ("no_such_task", [], "app_error", "no_such_task"),
]


@pytest.mark.parametrize("isolation", ["process", "fork"])
def test_each_ill_behaved_task_has_one_explained_failure_and_hurts_no_other(
    queue, start, isolation
):
    runs = [queue.enqueue(task, *args, max_attempts=1) for task, args, *_ in ILL_BEHAVED]
    good = [queue.enqueue("echo", number) for number in range(10)]
    flags = ["--isolation", isolation, "--concurrency", 1, "--max-memory", "300M"]
    assert start(*flags, "--until-empty").leave(30) == 0
    for run, (task, args, kind, words) in zip(runs, ILL_BEHAVED, strict=True):
        record = queue.run(run)
        assert record["status"] == "FAILED", (task, args)
        [error] = record["errors_json"]
        assert error["kind"] == kind, (task, args)
        assert words in error["message"], (task, args)
    assert {queue.status(run) for run in good} == {"SUCCESSFUL"}
    # There is one slot: whoever came next shows how soon it was free again.
    waits = queue.value("""
        select max(b.started_at - a.finished_at) from task_runs a, task_runs b
        where b.started_at = (
            select min(c.started_at) from task_runs c where c.started_at > a.finished_at
        )
    """)
    assert waits.total_seconds() < 1


def test_a_killed_zygote_is_replaced(queue, start):
    run = queue.enqueue("kill_zygote", max_attempts=1)
    start()
    [error] = queue.ended(run)["errors_json"]
    assert error["kind"] == "infra_error"
    assert_still_works(queue)


def test_what_jsonb_refuses_is_recorded_cleaned_and_takes_nothing_else_along(queue, start):
    runs = [queue.enqueue("echo", number) for number in range(10)]
    odd = [queue.enqueue("returns", what) for what in ("nul", "surrogate")]
    runs += [queue.enqueue("echo", number) for number in range(10)]
    assert start("--until-empty").leave() == 0
    assert {queue.status(run) for run in runs} == {"SUCCESSFUL"}
    assert [queue.run(run)["return_json"] for run in odd] == ["a\ufffdb", "a?b"]


def test_output_does_not_reach_the_protocol(queue, start):
    run = queue.enqueue("write_a_lot", 100_000)
    start()
    assert queue.ended(run)["return_json"] == 100_000
    assert_still_works(queue)


def test_what_a_task_leaves_behind_does_not_hold_its_slot(queue, start, tmp_path):
    file = tmp_path / "pids"
    run = queue.enqueue("spawn_and_return", str(file))
    worker = start("--concurrency", 1)
    assert queue.ended(run)["status"] == "SUCCESSFUL"
    assert_still_works(queue)
    worker.signal(signal.SIGTERM)
    assert worker.leave() == 0
    assert not is_alive(noted(file)[0][1])


def test_a_task_that_forks_answers_once(queue, start):
    run = queue.enqueue("fork_and_return")
    worker = start("--concurrency", 1)
    record = queue.ended(run)
    assert worker.children() == [record["return_json"]]
    until(lambda: len(worker.descendants()) == 2)  # the zygote and its child: the fork has gone
    assert_still_works(queue)
