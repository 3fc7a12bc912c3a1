"""The context that a task with takes_context=True gets as its first argument."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.tasks.base import TaskContext

from reproq_worker.call import call, call_value
from reproq_worker.errors import ResultTooLarge

from . import databases, serialization


@dataclass(frozen=True, slots=True)
class PredecessorResult:
    """How a run of the same workflow ended that had to end first."""

    result_id: int
    key: str | None
    task_path: str
    status: str
    return_value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproqContext(TaskContext):
    """Django's TaskContext, with the run's own facts and metadata.

    `metadata` is what was saved before this attempt; change it in place. It is saved at the end of
    the attempt, or at once by `save_metadata()`. `(result_id, lease_no)` is a key for writing to
    other systems once: it never comes back with another claim.
    """

    db_alias: str
    lease_no: int
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def has_lease(self) -> bool:
        """Whether there is a run in the database that this attempt may complete."""
        return self.lease_no > 0

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return self.task_result.attempts

    @property
    def result_id(self) -> int:
        """The key of the run in task_runs."""
        return self.task_result.result_id

    @property
    def task_path(self) -> str:
        """The dotted path of the task."""
        return self.task_result.task.module_path

    @property
    def queue_name(self) -> str:
        """The queue that the run was enqueued to."""
        return self.task_result.task.queue_name

    @property
    def priority(self) -> int:
        """The priority that the run was enqueued with."""
        return self.task_result.task.priority

    # What the database has, as far as this attempt knows.
    _saved: dict[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_saved", deepcopy(self.metadata) if self.metadata else {})

    def predecessor_results(self) -> list[PredecessorResult]:
        """What the runs returned that this one waited for, in the order of the workflow."""
        with connections[self.db_alias].cursor() as cursor:
            rows = call(cursor, "predecessor_results", result_id=self.result_id)
        return [
            PredecessorResult(
                row["predecessor_id"],
                row["key"],
                row["task_path"],
                row["status"],
                row["return_json"],
            )
            for row in rows
        ]

    async def apredecessor_results(self) -> list[PredecessorResult]:
        """See predecessor_results()."""
        return await sync_to_async(self.predecessor_results, thread_sensitive=True)()

    def save_metadata(self) -> None:
        """Save `metadata` now; LeaseNotCurrent when the run has been given to another worker."""
        encoded = serialization.encode_metadata(self.metadata)
        save_metadata(self.db_alias, self.result_id, self.lease_no, encoded)
        object.__setattr__(self, "_saved", encoded)

    async def asave_metadata(self) -> None:
        """See save_metadata()."""
        await sync_to_async(self.save_metadata, thread_sensitive=True)()

    def complete(self, return_json: Any) -> None:
        """Record the completion of the run in the caller's transaction.

        LeaseNotCurrent when the run has been given to another worker, ResultTooLarge.
        """
        if (metadata := self.unsaved_metadata()) is not None:
            save_metadata(self.db_alias, self.result_id, self.lease_no, metadata)
        with connections[self.db_alias].cursor() as cursor:
            call_value(
                cursor,
                "complete",
                result_id=self.result_id,
                lease_no=self.lease_no,
                return_json=return_json,
            )
        if not self.is_completed():
            raise ResultTooLarge("The result has more than 1 MiB of JSON text.")

    def forget_saved(self) -> None:
        """What was saved has been rolled back: save it again at the end of the attempt."""
        object.__setattr__(self, "_saved", None)

    def is_completed(self) -> bool:
        """Whether the run was completed under this attempt's lease."""
        from .models import TaskRun

        mine = TaskRun.objects.using(self.db_alias).filter(
            result_id=self.result_id, lease_no=self.lease_no, status="SUCCESSFUL"
        )
        return mine.exists()

    def unsaved_metadata(self) -> dict[str, Any] | None:
        """Return the metadata as JSON values where it differs from what was saved, else None."""
        if self.metadata == {} == self._saved:
            return None
        encoded = serialization.encode_metadata(self.metadata)
        return None if encoded == self._saved else encoded


def save_metadata(
    db_alias: str, result_id: int, lease_no: int | None, encoded: dict[str, Any]
) -> None:
    """Replace a run's metadata; `lease_no` None is a caller that is not its worker."""
    with databases.refusable_cursor(db_alias) as cursor:
        call_value(
            cursor, "save_metadata", result_id=result_id, lease_no=lease_no, metadata=encoded
        )
