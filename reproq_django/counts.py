"""How many runs there are of each status: exact in small tables, soon in large ones.

Live runs are counted by their tickets. Finished ones are counted as far back as an index finds
them soon, which is all of them until there are about 100,000 (reproq_stats_window).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db import connections

from reproq_worker.call import call, call_value

from .models import TaskRun

type Counts = dict[str, int]

#: What reproq_stats_window says for "all of them".
EVERYTHING = timedelta(days=360_000)


def by_queue(db_alias: str) -> tuple[dict[str, Counts], timedelta]:
    """The counts above 0 of each queue, and how far back finished runs are among them."""
    with connections[db_alias].cursor() as cursor:
        window = call_value(cursor, "stats_window")
        rows = call(cursor, "stats", finished_within=window)
    counts = {row["queue_name"]: _above_zero(row) for row in rows}
    return {queue: found for queue, found in counts.items() if found}, window


def total(counts: dict[str, Counts]) -> Counts:
    """The counts of all queues together."""
    return added(counts.values())


def added(several: Iterable[Counts]) -> Counts:
    """Several counts as one."""
    sums: Counter[str] = Counter()
    for counts in several:
        sums.update(counts)
    return dict(sums)


def _above_zero(row: dict[str, int]) -> Counts:
    names = [str(name) for name in TaskRun.Status.values]
    return {name: row[name.lower()] for name in names if row[name.lower()]}
