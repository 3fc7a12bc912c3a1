"""Short plays, step by step, for duties that random calls come upon by luck alone."""

from collections.abc import Callable, Iterator

from tests.model.looking import Looking
from tests.model.machine import Machine
from tests.model.operating import Operating
from tests.model.producing import Producing, Spec
from tests.model.working import Working


class Stage(Producing, Working, Operating, Looking):
    """The machine whose rules are the steps of a play."""

    def put(self, number: int, **options: object) -> None:
        """Enqueue a run that differs from the others in its argument."""
        self.enqueue(spec=PLAIN | {"args": [number]} | options)

    def start(self, number: int) -> None:
        """A claim that would take so many from queue a."""
        self.claim(queues=["a"], wanted=number, lease=3600)


PLAIN: Spec = {
    "task_path": "a.b",
    "queue": "a",
    "priority": 0,
    "lock_key": None,
    "concurrency_key": None,
    "concurrency_limit": 0,
    "max_attempts": 3,
    "run_in": None,
    "expires_in": None,
    "dedup": True,
    "max_lease_losses": 2,
}


def two_at_a_bucket(stage: Stage) -> Iterator[None]:
    """Of two runs one spends the only token, and the other is parked."""
    yield stage.set_rate_limit(limit=("queue:a", 0.5, 1))
    yield stage.put(1)
    yield stage.put(2)
    yield stage.start(5)


def a_bucket_fills_again(stage: Stage) -> Iterator[None]:
    """Who waits for a token starts with the next one, without a tick."""
    yield from two_at_a_bucket(stage)
    yield stage.pass_time(seconds=10)
    yield stage.start(1)


def a_bucket_goes(stage: Stage) -> Iterator[None]:
    """Who waits at a bucket that is lifted starts after the next tick."""
    yield from two_at_a_bucket(stage)
    yield stage.delete_rate_limit(number=0)
    yield stage.tick()
    yield stage.start(1)


def a_bucket_is_explained(stage: Stage) -> Iterator[None]:
    """Each is told what becomes of it, whether it runs or waits for a token."""
    yield from two_at_a_bucket(stage)
    yield stage.explain(number=0)
    yield stage.explain(number=1)


def a_lock_is_explained(stage: Stage) -> Iterator[None]:
    """The same of one that waits for a lock and one that waits for a key."""
    for number in (1, 2):
        yield stage.put(number, lock_key="l1")
        yield stage.put(number, concurrency_key="k1", concurrency_limit=1)
    yield stage.start(5)
    for number in range(4):
        yield stage.explain(number=number)


Play = Callable[[Stage], Iterator[None]]
PLAYS: list[Play] = [
    a_bucket_fills_again,
    a_bucket_goes,
    a_bucket_is_explained,
    a_lock_is_explained,
]


def perform(play: Play, machine: type[Machine]) -> None:
    """Play it on a queue that is empty: after each step queue and model agree."""
    stage = machine()
    stage.begin(limits=[])
    for _ in play(stage):
        stage.both_agree()
