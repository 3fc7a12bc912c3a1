"""Running, counting and clearing tasks from Python: for cron jobs, serverless functions, tests.

Everything happens in the calling process, one task after another, and takes what a worker would
take: the same queues, gates and pauses. `backend_name` is a key of TASKS, and names the databases.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django.tasks import task_backends

from reproq_worker.call import call_value

from .. import databases
from . import in_process

if TYPE_CHECKING:
    from ..results import ReproqResult
    from ..run_store import RunStore

_BATCH = 1000
_ENDS = ("SUCCESSFUL", "FAILED", "CANCELLED")


def process_one_task(
    queue_name: str | None = None, backend_name: str = "default", worker_id: str | None = None
) -> "ReproqResult | None":
    """Run the next task of a queue, or of any, and return its result; None where there is none."""
    found = process_tasks(queue_name, backend_name, 1, worker_id)
    return found[0] if found else None


def process_tasks(
    queue_name: str | None = None,
    backend_name: str = "default",
    max_tasks: int = 0,
    worker_id: str | None = None,
) -> "list[ReproqResult]":
    """Run tasks until none may run now, or `max_tasks` have; their results in order.

    What they enqueue is run, too. `max_tasks` 0 is no end.
    """
    if max_tasks < 0:
        raise ValueError("max_tasks must not be negative.")
    backend = _backend(backend_name)
    worker = worker_id or in_process.new_worker_id()
    queues = None if queue_name is None else [queue_name]
    done: list[tuple[str, int]] = []
    before = -1
    # (A task of one database may enqueue into another.)
    while before < len(done):
        before = len(done)
        for alias in _aliases(backend, queue_name):
            left = max_tasks - len(done)
            if max_tasks and not left:
                break
            ran = in_process.run_ready(alias, queues, max_tasks=max(left, 0), worker_id=worker)
            done += [(alias, result_id) for result_id, _ in ran]
    return [backend.result_of(*each) for each in done]


def run_task_by_id(
    task_id: object,
    backend_name: str = "default",
    worker_id: str | None = None,
    allow_retry: bool = False,
) -> "ReproqResult | None":
    """Run this task if it is READY (or FAILED, with `allow_retry`); None where it may not run.

    However often it is called at once, it runs once. A FAILED one gets a new start: its attempts
    count from 1 again, its errors stay. TaskResultDoesNotExist where the id names none.
    """
    return _backend(backend_name).run_task(task_id, worker_id, allow_retry=allow_retry)


def fetch_task(
    queue_name: str | None = None, backend_name: str = "default", worker_id: str | None = None
) -> dict[str, Any] | None:
    """Claim the next task without running it, and return its data; None where there is none.

    Besides what get_task_by_id() returns it has `worker_id` and `lease_no`, with which
    `backend.run_task(task_id, worker_id, lease_no=...)` runs it within the lease of 5 minutes.
    """
    backend = _backend(backend_name)
    worker = worker_id or in_process.new_worker_id()
    for alias in _aliases(backend, queue_name):
        names = in_process.queues_with_work(alias) if queue_name is None else [queue_name]
        run = in_process.claim_one(alias, names, worker) if names else None
        if run is not None:
            data = backend.get_task_data(f"{alias}:{run['result_id']}")
            return data and data | {"worker_id": worker, "lease_no": run["lease_no"]}
    return None


def claim_stale_tasks(
    backend_name: str = "default",
    claim_timeout: float | timedelta = 0,
    *,
    max_tasks: int = _BATCH,
) -> int:
    """Give back the tasks whose worker has lost its lease, `claim_timeout` seconds ago; how many.

    Workers do it by themselves. Where nobody else does, call it before process_tasks(). A lease is
    lost when nothing was heard of its worker for `--lease-seconds`.
    """
    if not isinstance(claim_timeout, timedelta):
        claim_timeout = timedelta(seconds=claim_timeout)
    count = 0
    for alias in _backend(backend_name).databases():
        with databases.refusable_cursor(alias) as cursor:
            count += call_value(cursor, "reclaim", max_tasks=max_tasks, older_than=claim_timeout)
    return count


def get_pending_task_count(queue_name: str | None = None, backend_name: str = "default") -> int:
    """How many tasks are READY."""
    return get_task_counts(backend_name, queue_name).get("READY", 0)


def get_task_counts(backend_name: str = "default", queue_name: str | None = None) -> dict[str, int]:
    """How many tasks have each status."""
    return _backend(backend_name).get_status_counts(queue_name)


def get_queue_stats(backend_name: str = "default", queue_name: str | None = None) -> dict[str, int]:
    """The same for five of them: READY is pending, SCHEDULED delayed."""
    counts = get_task_counts(backend_name, queue_name)
    return {
        "pending_count": counts.get("READY", 0),
        "running_count": counts.get("RUNNING", 0),
        "successful_count": counts.get("SUCCESSFUL", 0),
        "failed_count": counts.get("FAILED", 0),
        "delayed_count": counts.get("SCHEDULED", 0),
    }


def purge_completed_tasks(
    backend_name: str = "default", days: float = 7, statuses: Iterable[str] | None = None
) -> int:
    """Delete tasks that finished more than `days` ago, in small batches; how many.

    `statuses` are those of SUCCESSFUL, FAILED and CANCELLED that are meant, else all of them.
    """
    count = 0
    chosen = list(_ENDS) if statuses is None else [str(status) for status in statuses]
    for alias in _backend(backend_name).databases():
        deleted = _BATCH
        while deleted == _BATCH:
            with databases.refusable_cursor(alias) as cursor:
                deleted = call_value(
                    cursor,
                    "prune",
                    statuses=chosen,
                    older_than=timedelta(days=days),
                    max_tasks=_BATCH,
                )
            count += deleted
    return count


def get_tasks(
    backend_name: str = "default",
    queue_name: str | None = None,
    status: str | None = None,
    offset: int = 0,
    limit: int = 100,
) -> tuple[list[dict[str, Any]], int]:
    """Tasks as plain values, the latest first, and how many there are (100,000 at most)."""
    return _backend(backend_name).get_all_tasks(queue_name, status, offset, limit)


def get_task_by_id(task_id: object, backend_name: str = "default") -> dict[str, Any] | None:
    """A task as plain values; None where the id names none."""
    return _backend(backend_name).get_task_data(task_id)


def delete_task(task_id: object, backend_name: str = "default") -> bool:
    """Delete a task that is not RUNNING, cancelling it if it waits; whether it is gone."""
    return _backend(backend_name).delete_task_data(task_id)


def delete_tasks(task_ids: Iterable[object], backend_name: str = "default") -> int:
    """Delete tasks; how many. See delete_task()."""
    return _backend(backend_name).delete_tasks(task_ids)


def reset_task_for_retry(task_id: object, backend_name: str = "default") -> bool:
    """Give a FAILED or CANCELLED task a new start; whether it has one.

    TaskResultDoesNotExist where the id names none.
    """
    return _backend(backend_name).reset_task_status(task_id)


def _backend(name: str) -> "RunStore":
    """A backend of this package; InvalidTaskBackend, or ValueError for one of another kind."""
    backend = task_backends[name]
    if not hasattr(backend, "run_task"):
        raise ValueError(f'TASKS["{name}"] is no ReproqBackend: its tasks are not in a database.')
    return cast("RunStore", backend)


def _aliases(backend: "RunStore", queue_name: str | None) -> list[str]:
    return backend.databases() if queue_name is None else [backend.database_for(queue_name)]
