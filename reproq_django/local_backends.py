"""Backends for users' tests: no database, the same task class, options and encoding of arguments.

Their results live in the backend object, which Django keeps per thread.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.tasks.base import Task
from django.tasks.exceptions import TaskResultDoesNotExist
from django.utils import timezone
from django.utils.crypto import get_random_string

from . import databases, results, serialization
from .base_backend import Call, SpecBackend
from .context import ReproqContext
from .results import ReproqResult
from .specs import Spec

if TYPE_CHECKING:
    from .models import TaskRun


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalResult(ReproqResult):
    """A result over a row that is in memory only."""

    def refresh(self) -> None:
        """Take over what has become of the run."""
        assert self._row is not None
        results.read_row(self, self._row)

    async def arefresh(self) -> None:
        """See refresh()."""
        self.refresh()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalContext(ReproqContext):
    """A context that saves to a row in memory."""

    has_lease = False

    def save_metadata(self) -> None:
        """Save `metadata` now."""
        self.task_result.data.metadata_json = serialization.encode_metadata(self.metadata)

    async def asave_metadata(self) -> None:
        """See save_metadata()."""
        self.save_metadata()


class RecordingBackend(SpecBackend):
    """Keeps what is enqueued in `results` and runs nothing. Like Django's DummyBackend."""

    # From the same thread only.
    supports_get_result = False

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        super().__init__(alias, params)
        self.results: list[LocalResult] = []

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> LocalResult:
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

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> LocalResult:
        """Run one call and return its result, finished."""
        from .executor.attempt import run_attempt

        result = self._record(self._spec(task, args, kwargs))
        row = result.data
        now = timezone.now()
        row.status, row.attempts, row.worker_ids = "RUNNING", 1, [self.worker_id]
        row.started_at = row.last_attempted_at = now
        result.refresh()
        context = LocalContext(task_result=result, db_alias=databases.default_alias(), lease_no=1)
        outcome = run_attempt(context, sender=type(self), propagate=(KeyboardInterrupt,))
        _record_outcome(row, outcome)
        result.refresh()
        return result


def _row(result_id: int, spec: Spec) -> "TaskRun":
    from .models import TaskRun

    parameters = spec.as_json()
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
