"""How much of everything: the full run and the small one that belongs to every test run."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos import faults
from tests.chaos.faults import Fault
from tests.chaos.mixture import Poison


@dataclass(frozen=True)
class Plan:
    """One kind of chaos: what is enqueued, by whom, who works, and what happens to them when."""

    name: str
    seconds: float
    tasks: int
    lease_seconds: float
    poison: Poison
    #: Each fault with the times at which it strikes, in seconds from the beginning.
    faults: Sequence[tuple[Fault, Sequence[float]]]
    tickers: int
    #: How often `reproq_violations()` is asked, at least.
    samples: int
    workers: int = 4
    concurrency: int = 4
    producers: int = 2
    #: What comes later than this, because the strike before took long, is left out: no volleys.
    late: float = 1.0
    #: When nothing has ended for so long, nothing will.
    patience: float = 60.0


def every(seconds: float, until: float, first: float = 0) -> list[float]:
    """Times at that distance."""
    return [first + n * seconds for n in range(1, int((until - first) / seconds) + 1)]


def _full(seconds: float = 300, tasks: int = 20_000) -> Plan:
    return Plan(
        name="full",
        seconds=seconds,
        tasks=tasks,
        lease_seconds=3,
        poison=Poison(attempts=3, lease_losses=3, long_seconds=4.5),
        tickers=3,
        samples=round(2000 * seconds / 300),
        faults=[
            (faults.KillWorker(), every(1, seconds)),
            (faults.KillChild(), every(0.5, seconds)),
            (faults.StopWorker(seconds=4), every(20, seconds)),
            (faults.ReplaceWorker(), every(7, seconds)),
            (faults.KillProducer(), every(10, seconds * 0.85)),
            (faults.TerminateBackend(), every(0.5, seconds)),
            (faults.RestartPostgres("immediate"), [seconds * part for part in (0.2, 0.45, 0.7)]),
            (faults.RestartPostgres("fast"), [seconds * 0.85]),
            (faults.LockTable(seconds=4), [seconds * 0.1]),
            (faults.HoldSnapshot(seconds=seconds / 10), [seconds * 0.3]),
        ],
    )


def _smoke(seconds: float = 10, tasks: int = 2000) -> Plan:
    return Plan(
        name="smoke",
        seconds=seconds,
        tasks=tasks,
        lease_seconds=2,
        poison=Poison(attempts=2, lease_losses=1, long_seconds=2.5),
        tickers=1,
        samples=20,
        # On a busy machine workers need seconds to start, and the ten kills find none for a while.
        late=20,
        patience=40,
        faults=[
            (faults.KillWorker(), every(seconds / 10, seconds)),
            (faults.StopWorker(seconds=2.5), [seconds * 0.45]),
            (faults.ReplaceWorker(), [seconds * 0.35]),
            (faults.KillProducer(), [seconds * 0.22, seconds * 0.62]),
            (faults.TerminateBackend(), every(seconds / 10, seconds, first=seconds / 20)),
            (faults.RestartPostgres("immediate"), [seconds * 0.52]),
        ],
    )


_PLANS = {"full": _full, "smoke": _smoke}


def plan_named(name: str, **other: float) -> Plan:
    """`full` or `smoke`, with other `seconds` or `tasks` if asked for."""
    return _PLANS[name](**other)
