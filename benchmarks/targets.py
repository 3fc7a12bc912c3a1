"""What this project wants to be, as ratios in one run, and whether it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from benchmarks.ratios import Round, Spread, figures, ratio

POSTGRES = "the best Postgres peer"
DJANGO = "the best Django backend"
FIXED = ""


class Target(NamedTuple):
    """One thing that is wanted: our figure over theirs, or a fixed limit in the measure's unit."""

    work: str
    ours: str
    measure: str
    bound: Literal["at least", "at most"]
    limit: float
    #: A system, or one of the groups above.
    against: str = FIXED


_THREAD = "drain, 1 worker, `thread`"
_PROCESS = "drain, 1 worker, `process` of 2"
_FORK = "drain, `fork`"

TARGETS = (
    Target(_THREAD, "reproq-thread", "drain_1", "at least", 1.3, "pgqueuer"),
    Target(_THREAD, "reproq-thread", "drain_1", "at least", 2.5, "awa-pg"),
    Target(_THREAD, "reproq-thread", "drain_1", "at least", 7, "chancy"),
    Target(_THREAD, "reproq-thread", "drain_1", "at least", 25, "celery"),
    Target(_THREAD, "reproq-thread", "drain_1", "at least", 60, "django-tasks-db"),
    Target(_THREAD, "reproq-thread", "drain_1", "at least", 30, "django-ox"),
    Target(_PROCESS, "reproq-process", "drain_1", "at least", 5, "celery"),
    Target(_PROCESS, "reproq-process", "drain_1", "at least", 12, "django-tasks-db"),
    Target(_FORK + ", CPU s per 1,000", "reproq-fork", "cpu", "at most", 5),
    Target(_FORK, "reproq-fork", "drain_1", "at least", 3, "rq"),
    Target(
        "bulk enqueue, Django's backend",
        "reproq-thread",
        "enqueue_bulk",
        "at least",
        1.0,
        "procrastinate",
    ),
    Target("bulk enqueue, psycopg", "reproq-sql", "enqueue_bulk", "at least", 1.0, "pgqueuer"),
    Target("enqueue one by one, psycopg", "reproq-sql", "enqueue_one", "at least", 0.9, POSTGRES),
    Target(
        "enqueue one by one, Django's backend",
        "reproq-thread",
        "enqueue_one",
        "at least",
        1.2,
        "django-tasks-db",
    ),
    Target("pickup p50", "reproq-thread", "pickup_p50", "at most", 1.1, POSTGRES),
    Target("pickup p99, ms", "reproq-thread", "pickup_p99", "at most", 10),
    Target("CPU, `thread`", "reproq-thread", "cpu", "at most", 1.0, "pgqueuer"),
    Target("CPU, `process`", "reproq-process", "cpu", "at most", 1.0, DJANGO),
    Target("WAL, bytes a task, whole life", "reproq-thread", "wal", "at most", 2300),
)


class Verdict(NamedTuple):
    """A target, what was measured, and whether it was met; None where it could not be measured."""

    target: Target
    measured: Spread | None
    met: bool | None


def judge(rounds: Sequence[Round], systems: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """Every target, judged by the median."""
    return [_judge(target, rounds, systems) for target in TARGETS]


def _judge(
    target: Target, rounds: Sequence[Round], systems: Mapping[str, Mapping[str, Any]]
) -> Verdict:
    if target.against == FIXED:
        measured = figures(rounds, target.ours, target.measure)
    else:
        others = _members(target.against, systems)
        measured = ratio(rounds, target.ours, others, target.measure)
    if measured is None:
        return Verdict(target, None, None)
    if target.bound == "at least":
        return Verdict(target, measured, measured.median >= target.limit)
    return Verdict(target, measured, measured.median <= target.limit)


def _members(against: str, systems: Mapping[str, Mapping[str, Any]]) -> list[str]:
    peers = {name: about for name, about in systems.items() if not about["ours"]}
    if against == POSTGRES:
        return [name for name, about in peers.items() if about["service"] == "postgres"]
    if against == DJANGO:
        return [name for name, about in peers.items() if about["django"]]
    return [against]
