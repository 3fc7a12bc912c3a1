"""What the monitor asks for: the database for its counts and its health, the system for usage."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

from reproq_worker.logs import Faults
from reproq_worker.monitor.metrics import QUEUE_GAUGES, Metrics
from reproq_worker.monitor.usage import Usage
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import Session

_GAUGES = (
    "select ready + waiting, running, workers, in_use, capacity, paused_queues, blocked"
    " from reproq_gauges()"
)
_EVERY = 5.0
#: The first time the worker has only just started.
_FIRST_PAUSE = 1.0
_QUERY_SECONDS = 10.0
_PING_SECONDS = 2.0
#: Who asks more often than this about the database's health gets the last answer.
_PING_KEPT = 0.5


class Collector:
    """Owns the monitor's connection; belongs to the monitor's loop."""

    def __init__(self, metrics: Metrics, session: Session, others: Sequence[Session]) -> None:
        self._metrics = metrics
        self._session = session
        self._others = others
        self._faults = Faults()
        self._one_at_a_time = asyncio.Lock()
        self._pinged_at, self._ping_answer = 0.0, False
        self._connects_told = 0

    async def run(self) -> None:
        """Collect for ever."""
        usage, pause = Usage(), _FIRST_PAUSE
        while True:
            began = time.monotonic()
            cpu, memory = await asyncio.to_thread(usage.look)
            self._metrics.cpu.set(cpu)
            self._metrics.memory.set(memory)
            await self._ask_for_gauges()
            self._look_at_connections()
            # However long it takes, it takes at most a tenth of the time.
            await asyncio.sleep(max(pause, 10 * (time.monotonic() - began)))
            pause = _EVERY

    async def ping(self) -> bool:
        """Whether the database answers."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_PING_SECONDS), self._one_at_a_time:
                if time.monotonic() - self._pinged_at > _PING_KEPT:
                    self._ping_answer = False
                    await self._session.query("select 1")
                    self._pinged_at, self._ping_answer = time.monotonic(), True
                return self._ping_answer
        return False

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def _ask_for_gauges(self) -> None:
        try:
            async with asyncio.timeout(_QUERY_SECONDS), self._one_at_a_time:
                [row] = await self._session.query(_GAUGES)
            self._metrics.queue(dict(zip(QUEUE_GAUGES, row, strict=True)))
            self._faults.over("counting for the monitor")
        except Exception as error:
            if not database.is_outage(error):
                self._faults.tell("counting for the monitor", database.brief(error))

    def _look_at_connections(self) -> None:
        sessions = [self._session, *self._others]
        self._metrics.connections.set(sum(session.is_busy for session in sessions))
        connects = sum(session.connects for session in sessions)
        self._metrics.connects.inc(connects - self._connects_told)
        self._connects_told = connects
