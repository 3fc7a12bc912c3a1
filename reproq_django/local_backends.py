"""Backends for users' tests: no database, the same task class, options and encoding of arguments.

Their results live in the backend object, which Django keeps per thread.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.tasks.exceptions import TaskResultDoesNotExist
from django.utils import timezone
from django.utils.crypto import get_random_string

from reproq_worker import outcomes

from . import databases, results, serialization
from .base_backend import Call, SpecBackend
from .generic import AnyTask
from .local_results import LocalContext, LocalResult, LocalWorkflow
from .results import ReproqResult
from .specs import Spec
from .workflow_results import Node, Workflow

if TYPE_CHECKING:
    from .models import TaskRun


class RecordingBackend(SpecBackend):
    """Keeps what is enqueued in `results` and runs nothing. Like Django's DummyBackend."""

    # From the same thread only.
    supports_get_result = False

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        super().__init__(alias, params)
        self.results: list[LocalResult] = []

    def enqueue(self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> LocalResult:
        """Record one call."""
        result = self._record(self._spec(task, args, kwargs))
        # A copy, so that a caller who changes it does not change the record.
        return deepcopy(result)

    def bulk_enqueue(self, calls: Iterable[Call]) -> list[ReproqResult]:
        """Enqueue many one by one, once all of them are known to be good."""
        wanted = list(calls)
        for call in wanted:
            self._spec(*call)
        return [self.enqueue(*call) for call in wanted]

    def enqueue_workflow(self, nodes: Sequence[Node], callback: str | None = None) -> Workflow:
        """Enqueue runs that wait for one another, once all of them are known to be good."""
        specs = [self._spec(node.task, node.args, node.kwargs) for node in nodes]
        workflow_id = uuid4()
        members: dict[str, LocalResult] = {}
        for node, spec in zip(nodes, specs, strict=True):
            before = [members[key] for key in node.after]
            result = members[node.key] = self._record(spec)
            row = result.data
            row.workflow_id, row.workflow_key, row.wait_count = workflow_id, node.key, len(before)
            row.status = "WAITING" if before else "READY"
            self._proceed(result, before)
        return LocalWorkflow(workflow_id, members)

    def _proceed(self, result: LocalResult, predecessors: Sequence[LocalResult]) -> None:
        """Go on with a member of a workflow that was recorded."""

    def save_metadata(self, result_id: str, metadata: dict[str, Any]) -> None:
        """Replace the metadata of a recorded run."""
        encoded = serialization.encode_metadata(metadata)
        self.get_result(result_id).data.metadata_json = encoded

    def get_result(self, result_id: str) -> LocalResult:
        """Return a recorded result; TaskResultDoesNotExist where there is none with this id."""
        for result in self.results:
            if result.id == result_id:
                return result
        raise TaskResultDoesNotExist(result_id)

    def clear(self) -> None:
        """Forget what was recorded."""
        self.results.clear()

    def _record(self, spec: Spec) -> LocalResult:
        row = _row(len(self.results) + 1, spec)
        args, kwargs = serialization.decode(row.spec_args, row.spec_kwargs)
        result = results.fresh(
            spec.task,
            row.result_id,
            args,
            kwargs,
            db_alias=databases.default_alias(),
            backend=self.alias,
            result_class=LocalResult,
        )
        results.read_row(result, row)
        self.results.append(result)
        self._announce(result, spec)
        return result


class EagerBackend(RecordingBackend):
    """Runs a task when it is enqueued, once. Like Django's ImmediateBackend.

    A run_after is kept and not waited for; a failure is not retried.
    """

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        super().__init__(alias, params)
        self.worker_id = get_random_string(32)

    def enqueue(self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> LocalResult:
        """Run one call and return its result, finished."""
        result = self._record(self._spec(task, args, kwargs))
        self._run(result)
        return result

    def _proceed(self, result: LocalResult, predecessors: Sequence[LocalResult]) -> None:
        broken = [p for p in predecessors if p.raw_status != "SUCCESSFUL"]
        if not broken:
            self._run(result, predecessors)
            return
        error = outcomes.failed(
            "workflow_failed",
            "reproq_worker.errors.PredecessorFailed",
            f"workflow_failed: run {broken[0].result_id} did not succeed",
            retry=False,
        )
        _record_outcome(result.data, error)
        result.refresh()

    def _run(self, result: LocalResult, predecessors: Sequence[LocalResult] = ()) -> None:
        from .executor.attempt import run_attempt

        row = result.data
        now = timezone.now()
        row.status, row.attempts, row.worker_ids = "RUNNING", 1, [self.worker_id]
        row.started_at = row.last_attempted_at = now
        result.refresh()
        context = LocalContext(
            task_result=result,
            db_alias=databases.default_alias(),
            lease_no=1,
            predecessors=predecessors,
        )
        outcome = run_attempt(context, sender=type(self), propagate=(KeyboardInterrupt,))
        _record_outcome(row, outcome)
        result.refresh()


def _row(result_id: int, spec: Spec) -> "TaskRun":
    from .models import TaskRun

    parameters = spec.json
    now = timezone.now()
    return TaskRun(
        result_id=result_id,
        status="READY",
        queue_name=spec.task.queue_name,
        priority=parameters["priority"],
        backend_alias=parameters["backend_alias"],
        task_path=parameters["task_path"],
        # Through JSON, so that a test sees what a worker would see.
        spec_json=json.loads(json.dumps(parameters)),
        run_after=spec.task.run_after,
        lock_key=parameters.get("lock_key"),
        concurrency_key=parameters.get("concurrency_key"),
        concurrency_limit=parameters.get("concurrency_limit", 0),
        enqueued_at=now,
        created_at=now,
        updated_at=now,
    )


def _record_outcome(row: "TaskRun", outcome: dict[str, Any]) -> None:
    row.finished_at = timezone.now()
    row.metadata_json = outcome.get("metadata", row.metadata_json)
    if outcome["outcome"] == "complete":
        row.status, row.return_json = "SUCCESSFUL", outcome["return_json"]
        return
    error = outcome["error"]
    row.status = "CANCELLED" if error["kind"] == "cancelled" else "FAILED"
    row.failed_at = row.finished_at
    row.last_error = error["message"]
    row.errors_json = [*row.errors_json, error]
