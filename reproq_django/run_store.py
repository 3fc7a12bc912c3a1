"""The runs of a backend as data: read, counted, run here, started anew, deleted."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.tasks.exceptions import TaskResultDoesNotExist

from reproq_worker.call import call, call_value
from reproq_worker.errors import RunNotFound, WrongState

from . import databases, results
from .executor import in_process
from .missing_tasks import importable
from .results import ReproqResult

if TYPE_CHECKING:
    from .models import TaskRun

#: get_all_tasks() counts no further.
MOST_COUNTED = 100_000
_UNSTARTED = ("SCHEDULED", "WAITING", "BLOCKED", "READY")

type AuthHandler = Callable[[HttpRequest], HttpResponse | None]


class RunStore:
    """A mixin of the backend; ids are those of results, `12` or `queues:12`."""

    alias: str
    defaults: Mapping[str, Any]

    def database_for(self, queue_name: str | None) -> str:
        """See ReproqBackend."""
        raise NotImplementedError

    def databases(self) -> list[str]:
        """The aliases of the databases that hold this backend's queues."""
        own = self.defaults.get("DATABASE")
        return [own] if own else databases.queue_aliases()

    def get_auth_handler(self) -> AuthHandler | None:
        """What decides who may run, read and purge this backend's tasks over HTTP.

        A function that takes the request and returns None for yes, or the response that refuses
        it. Override it to ask somebody else than `reproq_django.views` does for None.
        """
        return None

    def run_task(
        self,
        task_id: object,
        worker_id: str | None = None,
        *,
        allow_retry: bool = False,
        lease_no: int | None = None,
    ) -> ReproqResult | None:
        """Run one run in this process; None where it is not to be had.

        That is one that is READY, in a queue that is not paused, and passes its gates; with
        `allow_retry` also one that has FAILED; with a `lease_no` the one that executor.fetch_task()
        has claimed under it. TaskResultDoesNotExist where the id names none.
        """
        row = self._load(task_id)
        alias, worker = _alias(row), worker_id or in_process.new_worker_id()
        if lease_no is not None:
            run = in_process.claimed(row) if row.lease_no == lease_no else None
        else:
            anew = allow_retry and row.status == "FAILED"
            run = in_process.claim_given(alias, row.result_id, worker, retry=anew)
        if run is None:
            return None
        in_process.run_claimed(alias, run, worker)
        return self.result_of(alias, row.result_id)

    def result_of(self, db_alias: str, result_id: int) -> ReproqResult:
        """The result of a run as it stands; TaskResultDoesNotExist."""
        return results.from_row(results.load_row(result_id, db_alias), self.alias)

    def get_task_data(self, task_id: object) -> dict[str, Any] | None:
        """A run as plain values, or None where the id names none."""
        try:
            return as_data(self._load(task_id))
        except TaskResultDoesNotExist:
            return None

    def get_all_tasks(
        self,
        queue_name: str | None = None,
        status: str | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[list[dict[str, Any]], int]:
        """Runs as plain values, the latest first, and how many there are, up to MOST_COUNTED.

        Of the database of this queue, or of the backend's default one. Finished ones in a status
        are looked for among the last 100,000 to finish, or to fail. InvalidArgument for a status
        that is none.
        """
        from .models import TaskRun

        alias = self.database_for(queue_name)
        rows = TaskRun.objects.using(alias)
        if status is not None:
            ids = _ids_in(alias, str(status), queue_name)
            page = rows.filter(pk__in=ids[offset : offset + limit], status=status)
            return [as_data(row) for row in page.order_by("-result_id")], len(ids)
        if queue_name is not None:
            rows = rows.filter(queue_name=queue_name)
        found = [as_data(row) for row in rows.order_by("-result_id")[offset : offset + limit]]
        return found, rows.order_by()[:MOST_COUNTED].count()

    def get_status_counts(self, queue_name: str | None = None) -> dict[str, int]:
        """How many runs have each status; see `reproq_django.counts` for large tables."""
        from . import counts

        aliases = self.databases() if queue_name is None else [self.database_for(queue_name)]
        found = [counts.by_queue(alias)[0] for alias in aliases]
        if queue_name is not None:
            return found[0].get(queue_name, {})
        return counts.added([counts.total(each) for each in found])

    def reset_task_status(self, task_id: object) -> bool:
        """Give a FAILED or CANCELLED run a new start; whether it was one, and could have it."""
        row = self._load(task_id)
        try:
            with databases.refusable_cursor(_alias(row)) as cursor:
                call_value(cursor, "retry", result_id=row.result_id)
        except (WrongState, RunNotFound):
            return False
        return True

    def delete_task_data(self, task_id: object) -> bool:
        """Delete a run that is not RUNNING; whether it is gone. See delete_tasks()."""
        return self.delete_tasks([task_id]) == 1

    def delete_tasks(self, task_ids: Iterable[object]) -> int:
        """Delete runs; how many.

        What waits is cancelled first, and its dependants with it. What is RUNNING stays, and so
        does a run that another still needs, or a foreign key holds.
        """
        wanted: dict[str, list[int]] = defaultdict(list)
        for task_id in task_ids:
            alias, number = databases.parse_result_id(task_id, self.database_for(None))
            if number is not None:
                wanted[alias].append(number)
        return sum(_delete(alias, ids) for alias, ids in wanted.items())

    def _load(self, task_id: object) -> "TaskRun":
        return results.load_row(task_id, self.database_for(None))


def as_data(row: "TaskRun") -> dict[str, Any]:
    """A run as plain values: what status/<id>/ answers."""
    alias = _alias(row)
    task = importable(row.task_path or "")
    return {
        "task_id": databases.format_result_id(alias, row.result_id),
        "task_path": row.task_path,
        "args_json": row.spec_args,
        "kwargs_json": row.spec_kwargs,
        "status": row.status,
        "priority": row.priority,
        "queue_name": row.queue_name,
        "backend_name": row.backend_alias,
        "run_after": row.run_after,
        "takes_context": bool(task.takes_context),
        "enqueued_at": row.enqueued_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "last_attempted_at": row.last_attempted_at,
        "return_value_json": row.return_json,
        "errors_json": row.errors_json,
        "worker_ids_json": row.worker_ids,
    }


def _ids_in(db_alias: str, status: str, queue_name: str | None) -> list[int]:
    """The runs in a status, the latest first: no index knows it, but the database finds them."""
    with databases.refusable_cursor(db_alias) as cursor:
        rows = call(cursor, "find_runs", status=status, queue=queue_name, max_tasks=MOST_COUNTED)
    return sorted((row["result_id"] for row in rows), reverse=True)


def _delete(db_alias: str, ids: list[int]) -> int:
    from .models import TaskRun

    rows = TaskRun.objects.using(db_alias)
    live = rows.filter(result_id__in=ids, status__in=_UNSTARTED).values_list("result_id", flat=True)
    with transaction.atomic(using=db_alias), databases.refusable_cursor(db_alias) as cursor:
        for result_id in live:
            call(cursor, "cancel", result_id=result_id)
        return int(call_value(cursor, "delete", result_ids=ids))


def _alias(row: "TaskRun") -> str:
    return row._state.db or databases.default_alias()
