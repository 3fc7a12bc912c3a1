"""What a torture consists of: kinds of runs, and how each of them must end."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

PREFIX = "reproq_torture."
KEYS = 5
CHAIN = 3


@dataclass(frozen=True)
class Kind:
    """One kind of run."""

    share: int
    ends: str
    options: dict[str, Any]
    #: Attempts that it takes, where that is certain.
    attempts: int | None = None


KINDS = {
    "work": Kind(62, "SUCCESSFUL", {}),
    "slow": Kind(6, "SUCCESSFUL", {}),
    "keyed": Kind(12, "SUCCESSFUL", {}),
    "locked": Kind(4, "SUCCESSFUL", {"lock_key": "torture"}),
    "fails_once": Kind(10, "SUCCESSFUL", {}, attempts=2),
    "always_fails": Kind(4, "FAILED", {"max_attempts": 2}, attempts=2),
    "kills_its_process": Kind(2, "FAILED", {"max_attempts": 2}, attempts=2),
}
"""By the last part of the task path."""


def specs(number: int, queue: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    """As many specs for reproq_enqueue_many, kinds mixed by their shares."""
    names = list(KINDS)
    shares = [kind.share for kind in KINDS.values()]
    for name in chance.choices(names, shares, k=number):
        yield spec(name, queue, chance)


def chain(queue: str, chance: random.Random) -> list[dict[str, Any]]:
    """The nodes of one workflow: each waits for the one before it."""
    nodes = [spec("work", queue, chance) | {"key": str(place)} for place in range(CHAIN)]
    for before, node in pairwise(nodes):
        node["after"] = [before["key"]]
    return nodes


def spec(name: str, queue: str, chance: random.Random) -> dict[str, Any]:
    """One run of this kind."""
    key = chance.randrange(KEYS)
    gate = {"concurrency_key": f"torture-{key}", "concurrency_limit": 1 + key % 3}
    return {
        "task_path": PREFIX + name,
        "args": [chance.randrange(5)],
        "queue": queue,
        "dedup": False,
        "backoff_base": "100 milliseconds",
        # Workers are killed on purpose, and often.
        "max_lease_losses": 1000,
        "result_ttl": "1 hour",
        **(gate if name == "keyed" else {}),
        **KINDS[name].options,
    }
