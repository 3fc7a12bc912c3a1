"""How many runs there are of each status, by reproq_counts: live ones by their tickets."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.db import connections

from reproq_worker.call import call

type Counts = dict[str, int]


def by_queue(db_alias: str) -> tuple[dict[str, Counts], timedelta | None]:
    """The counts above 0 of each queue, and how far back finished runs are counted.

    That is None, all of them, until there are about 100,000; to count more would take too long.
    """
    with connections[db_alias].cursor() as cursor:
        rows = call(cursor, "counts")
    found: dict[str, Counts] = defaultdict(dict)
    for row in rows:
        found[row["queue_name"]][row["status"]] = row["runs"]
    return dict(found), rows[0]["finished_within"] if rows else None


def total(counts: dict[str, Counts]) -> Counts:
    """The counts of all queues together."""
    return added(counts.values())


def added(several: Iterable[Counts]) -> Counts:
    """Several counts as one."""
    sums: Counter[str] = Counter()
    for counts in several:
        sums.update(counts)
    return dict(sums)
