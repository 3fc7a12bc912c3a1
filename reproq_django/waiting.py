"""Waiting for something that is read from the database until it has finished."""

import asyncio
import time
from typing import Self

from asgiref.sync import sync_to_async


class Waitable:
    """A mixin for what has `refresh()` and `is_finished`."""

    __slots__ = ()

    def refresh(self) -> None:
        """Read it again."""
        raise NotImplementedError

    async def arefresh(self) -> None:
        """See refresh()."""
        await sync_to_async(self.refresh, thread_sensitive=True)()

    def wait(self, timeout: float | None = None, poll_interval: float = 0.5) -> Self:
        """Refresh until it has finished; TimeoutError after `timeout` seconds."""
        deadline = _deadline(timeout)
        while True:
            self.refresh()
            if self.is_finished:
                return self
            time.sleep(self._pause(deadline, poll_interval))

    async def await_result(self, timeout: float | None = None, poll_interval: float = 0.5) -> Self:
        """See wait()."""
        deadline = _deadline(timeout)
        while True:
            await self.arefresh()
            if self.is_finished:
                return self
            await asyncio.sleep(self._pause(deadline, poll_interval))

    def _standing(self) -> str:
        """What it is and how it stands, for the message of a TimeoutError."""
        raise NotImplementedError

    def _pause(self, deadline: float | None, poll_interval: float) -> float:
        if deadline is None:
            return poll_interval
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{self._standing()}, not finished in time.")
        return min(poll_interval, left)


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout
