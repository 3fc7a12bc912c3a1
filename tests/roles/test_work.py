"""A whole worker process, and a beat, under the worker's role alone."""

import signal

from click.testing import CliRunner
from psycopg.conninfo import make_conninfo

from reproq_worker.cli import main
from tests.roles.conftest import ROLES
from tests.worker.conftest import queue, start  # noqa: F401
from tests.worker.process import until


def test_a_worker_works_with_its_role_alone(told_apart, dsn, queue, start):  # noqa: F811
    as_worker = make_conninfo(dsn, user=ROLES["worker"])
    told_apart.execute(
        "insert into periodic_tasks (name, cron_expr, task_path, next_run_at)"
        " values ('k', '0 0 1 1 *', 'plain.noop', now())"
    )
    runs = {
        "echo": queue.enqueue("echo", 1, lock_key="l"),
        "fail": queue.enqueue("fail", max_attempts=2, backoff_base="0.2 seconds"),
        "die": queue.enqueue("kill_self", max_attempts=1),
        "limited": queue.enqueue("noop", concurrency_key="k", concurrency_limit=1),
    }
    stopped = queue.enqueue("sleep", 60)
    worker = start("--lease-seconds", 2, "--reclaim-interval-seconds", 1, on=as_worker).ready()
    ended = {name: queue.ended(run, 20)["status"] for name, run in runs.items()}
    assert ended == {
        "echo": "SUCCESSFUL",
        "fail": "FAILED",
        "die": "FAILED",
        "limited": "SUCCESSFUL",
    }
    queue.running(stopped)
    operator = make_conninfo(dsn, user=ROLES["operator"])
    cancelled = CliRunner().invoke(main, ["cancel", "--dsn", operator, "--id", str(stopped)])
    assert cancelled.output == f"Cancellation requested for task {stopped}\n"
    assert queue.ended(stopped, 10)["status"] == "CANCELLED"
    # Idle by now, it hears of new work.
    assert queue.ended(queue.enqueue("echo", 2))["status"] == "SUCCESSFUL"
    fired = (
        "select count(*) from task_runs where task_path = 'plain.noop' and status = 'SUCCESSFUL'"
    )
    until(lambda: queue.value(fired) == 2)
    worker.signal(signal.SIGTERM)
    assert worker.leave() == 0
    assert "permission denied" not in worker.log
    assert queue.value("select count(*) from reproq_workers") == 0


def test_a_beat_needs_no_more_than_the_workers_role(told_apart, dsn):
    as_worker = make_conninfo(dsn, user=ROLES["worker"])
    result = CliRunner().invoke(main, ["beat", "--once", "--dsn", as_worker])
    assert (result.exit_code, result.output) == (0, "Enqueued 0 scheduled task(s).\n")


def test_a_role_that_may_not_work_is_refused_at_once(told_apart, dsn, start):  # noqa: F811
    worker = start(on=make_conninfo(dsn, user=ROLES["observer"]))
    assert worker.leave() == 2
    assert f"reproq grant --worker {ROLES['observer']}" in worker.log


def test_who_may_look_is_shown_limits_and_health_by_functions_alone(told_apart, dsn):
    told_apart.execute("select reproq_set_rate_limit('queue:mail', 5, 10)")
    told_apart.execute("select reproq_register_worker('w-1'), reproq_enqueue('a.b')")

    def reproq(kind, *words):
        as_kind = make_conninfo(dsn, user=ROLES[kind])
        return CliRunner().invoke(main, [*words, "--dsn", as_kind])

    assert "queue:mail" in reproq("operator", "limit", "ls").output
    for kind in ("operator", "observer"):
        said = reproq(kind, "health").output
        assert "READY  default  a.b" in said
        assert "ALIVE  w-1" in said
    refused = reproq("operator", "torture", "--count", "1")
    assert (refused.exit_code, "as their owner" in refused.output) == (2, True)
