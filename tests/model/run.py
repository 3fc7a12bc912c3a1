"""A run as the model knows it."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

DONE = ("SUCCESSFUL", "FAILED", "CANCELLED")


@dataclass
class Run:
    """A run. Times are seconds of the test's clock; LINE stands for READY and for BLOCKED."""

    id: int
    status: str
    spec: tuple
    task: str
    queue: str
    priority: int
    lock: str | None
    key: str | None
    limit: int
    max_attempts: int
    max_losses: int
    run_after: int | None
    lifetime: int | None
    dedup: bool
    waits_for: set[int] = field(default_factory=set)
    workflow: str | None = None
    expires: int | None = None
    place: tuple[int, int] | None = None
    """Its order in its line; unknown where the queue's aging changed before it was ready."""
    gate: str | None = None
    """Where it is parked."""
    moved_gate: bool = False
    """A limit was set since the last tick: it may be parked at a gate that is no longer its own."""
    attempts: int = 0
    losses: int = 0
    lease_no: int = 0
    leased_until: int = 0
    cancel_requested: bool = False
    errors: list[tuple[str, int]] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.status not in DONE

    @property
    def broken(self) -> bool:
        return self.status in ("FAILED", "CANCELLED")

    @property
    def failed_with_another(self) -> bool:
        return self.status == "FAILED" and self.errors[-1][0] == "workflow_failed"

    def due(self, now: int) -> bool:
        return self.status == "LINE" or (self.status == "SCHEDULED" and self.run_after <= now)

    def expired(self, now: int) -> bool:
        waits = self.live and self.status != "RUNNING"
        return waits and self.expires is not None and self.expires <= now

    def holds(self, lease_no: int) -> bool:
        return self.status == "RUNNING" and self.lease_no == lease_no

    def shares_gate(self, other: "Run") -> bool:
        return (self.lock is not None and self.lock == other.lock) or (
            self.key is not None and self.key == other.key
        )

    def fail_once(self, kind: str) -> None:
        self.errors.append((kind, self.attempts))

    def give_attempt_back(self) -> None:
        self.attempts = max(0, self.attempts - 1)

    def again(self, result_id: int) -> "Run":
        """The run that a replay makes of this one."""
        fresh = {"waits_for": set(), "errors": [], "attempts": 0, "losses": 0, "lease_no": 0}
        return replace(
            self,
            id=result_id,
            status="LINE",
            dedup=False,
            workflow=None,
            run_after=None,
            expires=None,
            cancel_requested=False,
            **fresh,
        )


class Outcome(NamedTuple):
    """What a worker says of a run: complete, fail or release."""

    run: Run
    word: str
    kind: str
    retry: bool
    delay: int | None
