"""What is enqueued, and what must become of it: the same orders for the same seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

PREFIX = "chaos."
QUEUE = "chaos"
KEYS = 20
CHAIN = 4
CHORD = 10
#: Of the bucket of `rated` runs.
RATE, BURST = 7, 10

#: Shares of all runs, in a thousand.
SHARES = {
    "plain": 600,
    "fails_once": 100,
    "always_fails": 50,
    "keyed": 50,
    "rated": 50,
    "chain": 100,
    "chord": 50,
}
#: For each thousand runs; one at least.
RARE = {"outlives_its_lease": 1.0, "kills_its_child": 0.25, "kills_its_worker": 0.25}

#: Without the runs of these kinds every run must succeed.
FAILING = ("always_fails", "kills_its_child", "kills_its_worker")


@dataclass(frozen=True)
class Poison:
    """How often the runs that never succeed are tried, and how long the long ones take."""

    attempts: int
    lease_losses: int
    long_seconds: float


#: What is enqueued at once: one run, or the nodes of a workflow.
Order = list[dict[str, Any]]


def orders(seed: int, count: int, poison: Poison) -> list[Order]:
    """About `count` runs, in a random order."""
    chance = random.Random(f"mixture {seed}")
    made = [order for kind in _kinds(count) for order in [_order(kind, chance, poison)]]
    chance.shuffle(made)
    return made


def kind_of(task_path: str) -> str:
    """The kind of a run."""
    return task_path.removeprefix(PREFIX)


def _kinds(count: int) -> Iterator[str]:
    sizes = {"chain": CHAIN, "chord": CHORD + 1}
    for kind, share in SHARES.items():
        yield from [kind] * max(1, round(count * share / 1000 / sizes.get(kind, 1)))
    for kind, share in RARE.items():
        yield from [kind] * max(1, round(count * share / 1000))


def _order(kind: str, chance: random.Random, poison: Poison) -> Order:
    if kind == "chain":
        nodes = [_spec("link", chance, poison) | {"key": str(place)} for place in range(CHAIN)]
        for before, node in pairwise(nodes):
            node["after"] = [before["key"]]
        return nodes
    if kind == "chord":
        members = [_spec("member", chance, poison) | {"key": str(n)} for n in range(CHORD)]
        keys = [node["key"] for node in members]
        return [*members, _spec("callback", chance, poison) | {"key": "last", "after": keys}]
    return [_spec(kind, chance, poison)]


def _spec(kind: str, chance: random.Random, poison: Poison) -> dict[str, Any]:
    milliseconds = chance.uniform(0, 5)
    # Whatever happens to its workers and children, a run that can succeed must do so.
    options: dict[str, Any] = {"max_attempts": 100, "max_lease_losses": 1000}
    key = chance.randrange(KEYS)
    match kind:
        case "keyed":
            options |= {"concurrency_key": f"chaos-{key}", "concurrency_limit": 1 + key % 3}
        case "always_fails":
            options["max_attempts"] = 3
        case "outlives_its_lease":
            milliseconds = poison.long_seconds * 1000
        case "kills_its_child":
            options["max_attempts"] = poison.attempts
        case "kills_its_worker":
            options["max_lease_losses"] = poison.lease_losses
    return {
        "task_path": PREFIX + kind,
        "args": [milliseconds],
        "queue": QUEUE,
        "dedup": False,
        "backoff_base": "100 milliseconds",
        **options,
    }
