"""Keeping time without a worker: a loop that calls `reproq_tick()` and nothing else.

Workers do this by themselves, and any number of tickers may run beside each other: the database
sees to it that each slot of a schedule is enqueued once.
"""

import asyncio
import contextlib
import signal
from typing import Any

from reproq_worker.call import call
from reproq_worker.logs import Faults, log
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import OutageLog, Session
from reproq_worker.supervisor.ticks import keep_time


def tick(cursor: Any) -> dict[str, int]:
    """Keep time once, in the cursor's transaction; how much of what was done.

    Where `rotated` is not 0 nothing else was: commit, and tick again.
    """
    return call(cursor, "tick")[0]


class Beat:
    """Ticks every so many seconds until it is told to stop, over outages of the database."""

    def __init__(self, dsn: str, interval: float) -> None:
        self._session = Session(dsn, "reproq beat", OutageLog())
        self._interval = interval
        self._faults = Faults()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Tick until SIGTERM, SIGINT or `stop`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        log.info("keeping time every %g s", self._interval)
        while not self._stopping.is_set():
            await self._tick()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._stopping.wait()
        await self._session.close()

    def stop(self) -> None:
        """End after the tick that is under way."""
        self._stopping.set()

    async def _tick(self) -> None:
        try:
            fired = await keep_time(self._session)
        except Exception as error:
            if not database.is_outage(error) and not database.is_transient(error):
                self._faults.tell("keeping time", database.brief(error))
            return
        self._faults.over("keeping time")
        if fired:
            log.info("enqueued %d scheduled task(s)", fired)
