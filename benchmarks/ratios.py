"""The arithmetic: rounds become medians and ratios with their spread."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

#: The measures of a report: name, what it is, whether more is better.
MEASURES = {
    "enqueue_one": ("enqueue one by one, tasks/s", True),
    "enqueue_bulk": ("bulk enqueue, tasks/s", True),
    "drain_1": ("drain, 1 worker, tasks/s", True),
    "drain_2": ("drain, 2 workers, tasks/s", True),
    "pickup_p50": ("pickup p50, ms", False),
    "pickup_p95": ("pickup p95, ms", False),
    "pickup_p99": ("pickup p99, ms", False),
    "cpu": ("CPU, worker and server, s per 1,000", False),
    "wal": ("WAL, bytes a task", False),
    "memory": ("peak memory of a worker, bytes", False),
}
_SUMS = {"cpu": ("cpu_worker", "cpu_server"), "wal": ("wal_enqueue", "wal_drain")}

Round = dict[str, dict[str, Any]]


class Spread(NamedTuple):
    """The median of the rounds, and the lowest and highest of them."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread | None:
    """The spread of the rounds that have a value; None when none has."""
    known = [value for value in values if value is not None]
    return Spread(statistics.median(known), min(known), max(known)) if known else None


def value(one_round: Round, system: str, measure: str) -> float | None:
    """What was measured of a system in a round; None where it was not."""
    measures = one_round.get(system, {})
    parts = [measures.get(part) for part in _SUMS.get(measure, (measure,))]
    return None if None in parts else sum(parts)


def figures(rounds: Sequence[Round], system: str, measure: str) -> Spread | None:
    """The figures of a system over all rounds."""
    return spread(value(one_round, system, measure) for one_round in rounds)


def ratio(
    rounds: Sequence[Round], system: str, others: Sequence[str], measure: str
) -> Spread | None:
    """By how much a system's figure is that of the best of others: compared round by round."""
    return spread(_ratio(one_round, system, others, measure) for one_round in rounds)


def _ratio(one_round: Round, system: str, others: Sequence[str], measure: str) -> float | None:
    ours = value(one_round, system, measure)
    known = [figure for other in others if (figure := value(one_round, other, measure))]
    if ours is None or not known:
        return None
    more_is_better = MEASURES[measure][1]
    return ours / (max(known) if more_is_better else min(known))


class Regression(NamedTuple):
    """A measure that is worse than it was, and how."""

    system: str
    measure: str
    ratio: Spread


def regressions(
    rounds: Sequence[Round], pairs: Iterable[tuple[str, str]], allowed: float
) -> list[Regression]:
    """What is worse than before: by more than allowed in the median, and worse in every round.

    Noise makes a round slow; it does not make every one of them slow.
    """
    found = []
    for now, before in pairs:
        for measure, (_, more_is_better) in MEASURES.items():
            change = ratio(rounds, now, [before], measure)
            if change is None:
                continue
            if more_is_better:
                worse = change.median < 1 - allowed and change.high < 1
            else:
                worse = change.median > 1 / (1 - allowed) and change.low > 1
            if worse:
                found.append(Regression(now, measure, change))
    return found
