"""What a child may use, for how many tasks, and what becomes of what a task writes."""

import os
import signal
import stat
from itertools import pairwise

import pytest

from tests.worker.process import is_alive, noted, until

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)


def descriptors(worker):
    """How many descriptors the worker and its zygote have."""
    zygote = worker.descendants()[0]
    return [len(os.listdir(f"/proc/{pid}/fd")) for pid in (worker.pid, zygote)]


def results(queue, runs):
    records = [queue.ended(run, 10) for run in runs]
    assert {record["status"] for record in records} == {"SUCCESSFUL"}
    return [record["return_json"] for record in records]


def test_each_task_has_a_fork_of_its_own_that_takes_all_it_started_along(queue, start, tmp_path):
    file = tmp_path / "pids"
    left = queue.enqueue("spawn_and_return", str(file))
    runs = [queue.enqueue("write") for _ in range(6)] + [queue.enqueue("leave_threads")]
    worker = start("--isolation", "fork").ready()
    pids = results(queue, runs)
    results(queue, [left])
    assert len(set(pids)) == len(pids)
    [(child, program)] = noted(file)
    until(lambda: not any(map(is_alive, [child, program, *pids])), 1)
    # The zygote, and children ahead: one for each slot, and two that take the place of busy ones.
    until(lambda: len(worker.descendants()) == 5)
    before = descriptors(worker)
    results(queue, [queue.enqueue("write") for _ in range(20)])
    until(lambda: sum(descriptors(worker)) <= sum(before) + 2, 2)
    below = worker.descendants()
    worker.signal(signal.SIGKILL)
    until(lambda: not any(map(is_alive, below)), 1)


def test_no_more_tasks_run_than_there_are_slots_though_more_children_wait(queue, start):
    runs = [queue.enqueue("sleep", 0.2) for _ in range(5)]
    assert start("--isolation", "fork", "--concurrency", 1, "--until-empty").leave() == 0
    ends = sorted(queue.ended(run)["finished_at"] for run in runs)
    assert all((later - before).total_seconds() > 0.15 for before, later in pairwise(ends))


def test_what_a_leaving_child_has_left_behind_may_write_until_it_is_killed(queue, start, tmp_path):
    file = tmp_path / "refused"
    runs = [queue.enqueue("write_on_after_the_end", str(file)) for _ in range(5)]
    # (A worker that leaves waits for none of them.)
    runs.append(queue.enqueue("sleep", 0.5))
    worker = start("--isolation", "fork", "--concurrency", 1, "--until-empty")
    assert worker.leave() == 0
    results(queue, runs)
    assert not file.exists()


def test_a_child_is_replaced_after_its_tasks_and_when_it_has_leaked(queue, start):
    runs = [queue.enqueue("write") for _ in range(9)]
    worker = start("--concurrency", 1, "--max-tasks-per-child", 3, "--until-empty")
    assert worker.leave() == 0
    pids = results(queue, runs)
    assert len(set(pids)) == 3
    assert all(pids.count(pid) == 3 for pid in pids)

    # Seven times 70 MB are more than any one child may take.
    runs = [queue.enqueue("leak", 70_000_000) for _ in range(7)]
    assert start("--concurrency", 1, "--max-memory", "300M", "--until-empty").leave() == 0
    assert 2 < len(set(results(queue, runs))) < 7


def test_a_limit_that_leaves_no_room_is_refused(start):
    worker = start("--max-memory", "10M")
    assert worker.leave() == 2
    assert "max_memory is 10 MiB, and what is loaded takes" in worker.log


@pytest.mark.parametrize("isolation", ["process", "fork"])
def test_what_an_attempt_writes_lies_in_a_file_of_its_own(queue, start, tmp_path, isolation):
    folder = tmp_path / "logs" / "tasks"
    both = queue.enqueue("write", "to the one\n", "to the other\n")
    silent = queue.enqueue("echo", 1)
    dead = queue.enqueue("complain_and_die", "last words", 11, max_attempts=1)
    much = queue.enqueue("write_a_lot", 30_000_000)
    flags = ["--concurrency", 2, "--max-stdout-bytes", 4096, "--logs-dir", folder]
    worker = start("--isolation", isolation, *flags, "--until-empty")
    assert worker.leave(30) == 0

    def log(run, attempt=1):
        return folder / f"task-{run}-attempt-{attempt}.log"

    assert log(both).read_text() == "STDOUT:\nto the one\n\nSTDERR:\nto the other\n\n"
    assert queue.run(both)["logs_uri"] == str(log(both))
    assert stat.S_IMODE(log(both).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert queue.run(silent)["logs_uri"] is None
    [error] = queue.run(dead)["errors_json"]
    assert "SIGSEGV" in error["message"]
    assert error["stderr"] == "nothing\nlast words"
    assert queue.run(dead)["logs_uri"] == str(log(dead))
    assert "STDERR:\nnothing\nlast words\n" in log(dead).read_text()
    assert queue.run(much)["return_json"] == 30_000_000
    assert "[TRUNCATED due to size limit]" in log(much).read_text()
    assert log(much).stat().st_size < 4300
    assert sorted(folder.iterdir()) == sorted(map(log, (both, dead, much)))
    assert "last words" not in worker.log


def test_threads_have_log_files_of_what_python_writes(queue, start, tmp_path):
    runs = [queue.enqueue("say", f"word {number}", 0.2) for number in range(4)]
    runs += [queue.enqueue("async_say", "aside", 0.2), queue.enqueue("echo", 1)]
    flags = ["--isolation", "thread", "--concurrency", 6, "--logs-dir", tmp_path / "logs"]
    worker = start(*flags, "--until-empty")
    assert worker.leave() == 0
    for run, words in zip(
        runs, [*(f"word {number}" for number in range(4)), "aside"], strict=False
    ):
        path = tmp_path / "logs" / f"task-{run}-attempt-1.log"
        assert queue.run(run)["logs_uri"] == str(path)
        assert path.read_text() == f"STDOUT:\n{words}\n{words} again\n\nSTDERR:\n\n"
    assert queue.run(runs[-1])["logs_uri"] is None
    assert "word" not in worker.log


def test_without_a_folder_output_is_passed_on_and_its_end_is_in_the_error(queue, start):
    dead = queue.enqueue("complain_and_die", "last words", 6, max_attempts=1)
    spoken = queue.enqueue("write", "said aloud\n")
    worker = start("--until-empty")
    assert worker.leave() == 0
    assert queue.run(dead)["errors_json"][0]["stderr"] == "nothing\nlast words"
    assert "last words" in worker.log
    assert "said aloud" in worker.log
    assert queue.run(spoken)["logs_uri"] is None


def test_the_log_of_an_attempt_is_kept_when_a_later_one_writes_nothing(queue, start, tmp_path):
    flag = tmp_path / "failed"
    run = queue.enqueue("write_first", "something", str(flag), backoff_base="0.1 s")
    start("--logs-dir", tmp_path)
    record = queue.ended(run)
    assert (record["status"], record["attempts"]) == ("SUCCESSFUL", 2)
    assert record["logs_uri"] == str(tmp_path / f"task-{run}-attempt-1.log")


def test_a_folder_that_cannot_be_used_is_named(start, tmp_path):
    (tmp_path / "file").touch()
    worker = start("--logs-dir", tmp_path / "file")
    assert worker.leave() == 2
    assert f"worker.logs_dir {tmp_path / 'file'} cannot be used" in worker.log


def test_a_run_with_too_large_a_payload_is_refused_with_the_numbers(queue, start):
    large, fits = queue.enqueue("echo", "x" * 2000), queue.enqueue("echo", "x" * 900)
    assert start("--max-payload-bytes", 1024, "--until-empty").leave() == 0
    assert queue.status(fits) == "SUCCESSFUL"
    record = queue.run(large)
    assert record["status"] == "FAILED"
    [error] = record["errors_json"]
    assert error["message"] == "payload size 2004 exceeds limit 1024"
    assert error["kind"] == "invalid_spec"
