"""What every worker does for the whole queue, beside its own runs."""

import asyncio
import contextlib
import random
import socket
import time

from reproq_worker import __version__
from reproq_worker.config import WorkerConfig
from reproq_worker.logs import Faults
from reproq_worker.observer import Observer
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import Session
from reproq_worker.supervisor.ticks import keep_time

_TICK_EVERY = 1.0
_REGISTER_EVERY = 30.0
_REGISTER = (
    "select reproq_register_worker(worker_id => %s, hostname => %s, concurrency => %s,"
    " queues => %s, version => %s)"
)
_RETIRE = "select reproq_retire_worker(worker_id => %s)"


class Chores:
    """Ticks, reclaims, and shows that this worker is alive."""

    def __init__(self, config: WorkerConfig, session: Session, observer: Observer) -> None:
        self._config = config
        self._observer = observer
        self._session = session
        self._faults = Faults()
        self._stopping = asyncio.Event()
        self._register_at = 0.0

    async def run(self) -> None:
        """Do what is due about every second, until told to stop."""
        while not self._stopping.is_set():
            try:
                await self._round()
                self._faults.over("keeping time")
            except Exception as error:
                if not database.is_outage(error) and not database.is_transient(error):
                    self._faults.tell("keeping time", database.brief(error))
            # Jittered, so that many workers share the work instead of meeting each other.
            await self._pause(_TICK_EVERY * random.uniform(0.8, 1.2))

    def stop(self) -> None:
        """End after the round that is under way: cut off, it might register after signing off."""
        self._stopping.set()

    async def register(self) -> None:
        """Show this worker as alive."""
        config = self._config
        await self._session.query(
            _REGISTER,
            (
                config.worker_id,
                socket.gethostname(),
                config.concurrency,
                list(config.queues),
                __version__,
            ),
        )
        self._register_at = time.monotonic() + _REGISTER_EVERY

    async def retire(self) -> None:
        """Show this worker as gone."""
        await self._session.query(_RETIRE, (self._config.worker_id,))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _round(self) -> None:
        if time.monotonic() >= self._register_at:
            await self.register()
        began = time.monotonic()
        await keep_time(self._session, reclaim=self._config.reclaim_interval_seconds > 0)
        self._observer.spent("reclaim", time.monotonic() - began)
