"""What the harness asks of every system, one small adapter each.

Adapters run in an environment of their own, where nothing of the harness is installed: this file
and its neighbours use the standard library and the system itself.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar


class Adapter:
    """One system, used through its public API as its documentation advises.

    A task is the number of its call, given to `benchmarks.peers.work.work`.
    """

    #: Where the system keeps tasks in Postgres: how many are not done, and how many it says it did
    #: (empty where it keeps nothing of them). The harness has a connection of its own to ask.
    unfinished_sql: ClassVar[str] = ""
    finished_sql: ClassVar[str] = ""

    def __init__(self, service: str) -> None:
        self.service = service

    def setup(self) -> None:
        """Bring the schema to an empty database, or empty Redis."""
        raise NotImplementedError

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        """Enqueue a call for each number, one after the other, each safe when the next begins."""
        raise NotImplementedError

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        """Enqueue a call for each number in the fastest way that the system offers."""
        self.enqueue_one(numbers)

    def worker(self) -> list[str]:
        """The command of a worker."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """What a worker needs in its environment, besides what the harness puts there."""
        return {}

    def unfinished(self) -> int:
        """How many tasks are not done, where `unfinished_sql` cannot say it."""
        raise NotImplementedError

    def finished(self) -> int | None:
        """How many tasks the system says it has done; None where it keeps nothing of them."""
        return None

    def enqueue_now(self, number: int) -> float:
        """Enqueue one call and return when that began, by time.monotonic."""
        began = time.monotonic()
        self.enqueue_one([number])
        return began


class AsyncAdapter(Adapter):
    """A system whose producers are coroutines: all of them run in one loop."""

    new_loop: ClassVar[Callable[[], asyncio.AbstractEventLoop]] = asyncio.new_event_loop

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self._loop = type(self).new_loop()

    def run(self, awaitable: Awaitable[Any]) -> Any:
        """Wait for a coroutine."""
        return self._loop.run_until_complete(awaitable)


def program(name: str) -> str:
    """A program of the environment that this Python belongs to."""
    return str(Path(sys.executable).with_name(name))
