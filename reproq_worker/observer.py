"""What a worker tells whoever watches it. Whoever watches must neither block nor raise."""

from typing import TYPE_CHECKING

from reproq_worker.held import Held

if TYPE_CHECKING:
    from reproq_worker.supervisor.exchange import Exchanged


class Observer:
    """Hears what happens and does nothing: what a worker without a monitor has."""

    def beat(self) -> None:
        """The supervisor's loop turns; called about twice a second."""

    def draining(self) -> None:
        """Nothing more is claimed."""

    def traded(self, result: "Exchanged", seconds: float) -> None:
        """One round trip has delivered outcomes, claimed, or both."""

    def started(self, run: Held) -> None:
        """An executor has begun with a run."""

    def left(self, run: Held, seconds: float) -> None:
        """An executor is done with a run, which took so long."""

    def spent(self, operation: str, seconds: float) -> None:
        """Another round trip to the database took so long: heartbeat, reclaim."""
