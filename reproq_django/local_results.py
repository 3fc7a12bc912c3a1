"""What the backends for users' tests give in place of results, contexts and workflows."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import results, serialization
from .context import PredecessorResult, ReproqContext
from .results import ReproqResult
from .workflow_results import Workflow


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
    predecessors: Sequence[LocalResult] = ()

    def save_metadata(self) -> None:
        """Save `metadata` now."""
        self.task_result.data.metadata_json = serialization.encode_metadata(self.metadata)

    async def asave_metadata(self) -> None:
        """See save_metadata()."""
        self.save_metadata()

    def predecessor_results(self) -> list[PredecessorResult]:
        """What the runs returned that this one waited for."""
        rows = [result.data for result in self.predecessors]
        return [
            PredecessorResult(r.result_id, r.workflow_key, r.task_path, r.status, r.return_json)
            for r in rows
        ]

    async def apredecessor_results(self) -> list[PredecessorResult]:
        """See predecessor_results()."""
        return self.predecessor_results()


@dataclass(frozen=True, slots=True)
class LocalWorkflow(Workflow):
    """A workflow whose runs are in memory only, and which nobody works at."""

    @property
    def status(self) -> str:
        """RUNNING, SUCCESSFUL or FAILED."""
        found = {result.raw_status for result in self.results.values()}
        if found & {"FAILED", "CANCELLED"}:
            return "FAILED"
        return "SUCCESSFUL" if found <= {"SUCCESSFUL"} else "RUNNING"

    def refresh(self) -> None:
        """Take over what has become of the runs."""
        for result in self.results.values():
            result.refresh()

    def _operate(self, function: str) -> dict[int, str]:
        raise NotImplementedError("There is nothing to cancel or to retry in a test's backend.")
