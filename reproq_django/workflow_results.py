"""What came of a workflow: its runs, how it stands, and how to wait for it or stop it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.tasks.base import DEFAULT_TASK_BACKEND_ALIAS

from reproq_worker.call import call

from . import databases, results
from .generic import AnyTask
from .results import ReproqResult
from .waiting import Waitable


@dataclass(frozen=True, slots=True)
class Node:
    """One run of a workflow that is to be enqueued."""

    key: str
    after: tuple[str, ...]  # The keys of those that it waits for, each of them further ahead.
    task: AnyTask
    args: Sequence[Any]
    kwargs: Mapping[str, Any]


class MemberResults(list[ReproqResult]):
    """The results of a workflow's runs, in order."""

    def __init__(self, members: Sequence[ReproqResult], workflow: "Workflow") -> None:
        super().__init__(members)
        self.workflow = workflow


@dataclass(frozen=True, slots=True)
class Workflow(Waitable):
    """A workflow that was enqueued: its id, and the results of its runs by their keys.

    One without any run has no id and is SUCCESSFUL.
    """

    workflow_id: UUID | None
    results: Mapping[str, ReproqResult]
    db_alias: str = "default"

    @property
    def members(self) -> MemberResults:
        """The results in the order in which the runs were added."""
        return MemberResults(list(self.results.values()), self)

    @property
    def status(self) -> str:
        """RUNNING, WAITING_CALLBACK, SUCCESSFUL or FAILED, as workflow_runs has it now.

        FAILED as soon as one run has failed or was cancelled.
        """
        from .models import WorkflowRun

        if self.workflow_id is None:
            return "SUCCESSFUL"
        row = WorkflowRun.objects.using(self.db_alias).get(workflow_id=self.workflow_id)
        return row.status

    @property
    def is_finished(self) -> bool:
        """Whether every run has finished, as they were when they were last read."""
        return all(result.is_finished for result in self.results.values())

    def refresh(self) -> None:
        """Read all runs again, with one query; one that was deleted keeps what it said last."""
        from .models import TaskRun

        rows = TaskRun.objects.using(self.db_alias).filter(workflow_id=self.workflow_id)
        by_id = {row.result_id: row for row in rows}
        for result in self.results.values():
            if row := by_id.get(result.result_id):
                results.read_row(result, row)

    def cancel(self) -> dict[int, str]:
        """Cancel what is not finished; the status of each run that this concerned, by its id.

        Those that wait end at once, those that run are asked to stop.
        """
        return self._operate("cancel_workflow")

    def retry(self) -> dict[int, str]:
        """Give every failed or cancelled run a new start; what has become of each, by its id."""
        return self._operate("retry_workflow")

    def _operate(self, function: str) -> dict[int, str]:
        if self.workflow_id is None:
            return {}
        with databases.refusable_cursor(self.db_alias) as cursor:
            rows = call(cursor, function, workflow_id=self.workflow_id)
        return {row["result_id"]: row["status"] for row in rows}

    def _standing(self) -> str:
        return f"Workflow {self.workflow_id} is {self.status}"


def get_workflow(workflow_id: UUID | str, using: str | None = None) -> Workflow:
    """Find a workflow by its id; WorkflowRun.DoesNotExist where there is none."""
    from .models import TaskRun, WorkflowRun

    db_alias = using or databases.default_alias()
    found = WorkflowRun.objects.using(db_alias).get(workflow_id=workflow_id)
    rows = TaskRun.objects.using(db_alias).filter(workflow_id=workflow_id).order_by("result_id")
    # (A workflow of the system that this database was taken over from has no keys.)
    members = {
        row.workflow_key or str(row.result_id): results.from_row(row, DEFAULT_TASK_BACKEND_ALIAS)
        for row in rows
    }
    return Workflow(found.workflow_id, members, db_alias)
