"""The result of a task: Django's TaskResult over a row of task_runs."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.tasks import task_backends
from django.tasks.base import TaskError, TaskResultStatus
from django.tasks.exceptions import TaskResultDoesNotExist
from django.utils import timezone

from reproq_worker.errors import ERROR_KINDS, ReproqError

from . import databases, serialization
from .exceptions import DeserializationError
from .generic import AnyTask, GenericResult, P, R
from .missing_tasks import importable
from .task_class import changed
from .waiting import Waitable

if TYPE_CHECKING:
    # Not at import: a task may be defined before Django has loaded the models.
    from .models import TaskRun

# SCHEDULED, WAITING and BLOCKED read as READY.
_STATUSES = {
    "RUNNING": TaskResultStatus.RUNNING,
    "SUCCESSFUL": TaskResultStatus.SUCCESSFUL,
    "FAILED": TaskResultStatus.FAILED,
    "CANCELLED": TaskResultStatus.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproqResult(Waitable, GenericResult[P, R]):  # type: ignore[misc]  # Django's is frozen
    """A TaskResult that can wait, and that knows its row.

    After an enqueue the row has not been read: `data`, `raw_status` and `metadata` read it once,
    `refresh()` reads it again.
    """

    # The database that holds the run.
    db_alias: str = "default"

    if TYPE_CHECKING:
        _return_value: R | None

    _attempts: int = field(init=False, default=0)
    _row: "TaskRun | None" = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Django's own turns a Decimal away, which the arguments may hold here.
        object.__setattr__(self, "args", serialization.listed(self.args))
        object.__setattr__(self, "kwargs", serialization.listed(self.kwargs))

    @property
    def result_id(self) -> int:
        """The key of the row in task_runs."""
        _, number = databases.parse_result_id(self.id)
        assert number is not None
        return number

    @property
    def attempts(self) -> int:
        """How many attempts have been started and counted; a lost lease is not one."""
        return self._attempts

    @property
    def data(self) -> "TaskRun":
        """The row of task_runs as it was when it was last read."""
        if self._row is None:
            self.refresh()
        assert self._row is not None
        return self._row

    @property
    def raw_status(self) -> str:
        """The status of the row, which knows more states than Django's TaskResultStatus."""
        return self.data.status

    @property
    def metadata(self) -> dict[str, Any]:
        """What the task has saved about its progress."""
        metadata: dict[str, Any] = self.data.metadata_json
        return metadata

    @property
    def result(self) -> R:
        """The return value; RuntimeError when there is none, with the errors of a failed task."""
        if self.status == TaskResultStatus.SUCCESSFUL:
            return self.return_value
        if self.status == TaskResultStatus.FAILED:
            raise RuntimeError(f"Task {self.id} failed with errors: {self.data.errors_json}")
        raise RuntimeError(f"Task {self.id} has status {self.raw_status}, result not available.")

    def refresh(self) -> None:
        """Read the row again; TaskResultDoesNotExist when it is gone."""
        read_row(self, load_row(self.id, self.db_alias))

    def _standing(self) -> str:
        return f"Task {self.id} is {self.raw_status}"


def from_row(row: "TaskRun", fallback: str) -> ReproqResult:
    """Build the result of a stored run; `fallback` is for one of a backend that is unknown here."""
    args, kwargs = _arguments(row)
    db_alias = row._state.db or databases.default_alias()
    backend = row.backend_alias if row.backend_alias in task_backends else fallback
    task = changed(
        importable(row.task_path or ""),
        backend=backend,
        queue_name=row.queue_name,
        priority=row.priority,
        run_after=row.run_after,
    )
    result = fresh(task, row.result_id, args, kwargs, db_alias=db_alias, backend=backend)
    read_row(result, row)
    return result


def fresh(
    task: AnyTask,
    result_id: int,
    args: Any,
    kwargs: Any,
    *,
    db_alias: str,
    backend: str,
    result_class: type[ReproqResult] = ReproqResult,
    **known: Any,
) -> ReproqResult:
    """Build the result of a run that was just enqueued, or joined, or of which more is known."""
    values: dict[str, Any] = {
        "status": TaskResultStatus.READY,
        "enqueued_at": None,
        "started_at": None,
        "finished_at": None,
        "last_attempted_at": None,
        "errors": [],
        "worker_ids": [],
    }
    values |= known or {"enqueued_at": timezone.now()}
    return result_class(
        task=task,
        id=databases.format_result_id(db_alias, result_id),
        backend=backend,
        args=args,
        kwargs=kwargs,
        db_alias=db_alias,
        **values,
    )


def load_row(result_id: object, db_alias: str) -> "TaskRun":
    """Read the row of a result; TaskResultDoesNotExist where the id names none.

    An id without the alias of a database is one of `db_alias`.
    """
    from .models import TaskRun

    alias, number = databases.parse_result_id(result_id, db_alias)
    row = number and TaskRun.objects.using(alias).filter(result_id=number).first()
    if not row:
        raise TaskResultDoesNotExist(result_id)
    return row


def task_error(entry: dict[str, Any]) -> TaskError:
    """Return an entry of errors_json as Django's TaskError."""
    path = entry.get("exception_class")
    if not path:
        error = ERROR_KINDS.get(entry.get("kind", ""), ReproqError)
        path = f"{error.__module__}.{error.__qualname__}"
    return TaskError(
        exception_class_path=path,
        traceback=entry.get("traceback") or entry.get("message") or "",
    )


def read_row(result: ReproqResult, row: "TaskRun") -> None:
    """Take over what a row says."""
    set_values(
        result,
        _row=row,
        _attempts=row.attempts,
        _return_value=row.return_json,
        status=_STATUSES.get(row.status, TaskResultStatus.READY),
        enqueued_at=row.enqueued_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        last_attempted_at=row.last_attempted_at,
        errors=[task_error(entry) for entry in row.errors_json],
        worker_ids=list(row.worker_ids),
    )


def set_values(result: ReproqResult, **values: Any) -> None:
    """Set fields of a frozen result."""
    for name, value in values.items():
        object.__setattr__(result, name, value)


def _arguments(row: "TaskRun") -> tuple[list[Any], dict[str, Any]]:
    try:
        return serialization.decode(row.spec_args, row.spec_kwargs)
    except DeserializationError:
        # A result must stay readable when a model that was an argument is gone.
        return row.spec_args, row.spec_kwargs
