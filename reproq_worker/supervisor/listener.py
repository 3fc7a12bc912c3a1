"""Hearing that there is work, or that a run was cancelled, without asking."""

import asyncio
import time

import psycopg

from reproq_worker.config import WorkerConfig
from reproq_worker.logs import log
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import Session, delays
from reproq_worker.supervisor.leases import Leases
from reproq_worker.supervisor.ledger import Ledger
from reproq_worker.supervisor.pump import Pump

CHANNEL = "reproq"
#: A connection that died in silence is found by asking.
_CHECK_EVERY = 15.0
#: One that lasts no longer is none to make again at once.
_STEADY = 2.0


class Listener:
    """LISTENs on a connection of its own; where that is impossible, polling does the work."""

    def __init__(
        self, config: WorkerConfig, session: Session, ledger: Ledger, pump: Pump, leases: Leases
    ) -> None:
        self._config = config
        self._session = session
        self._ledger = ledger
        self._pump = pump
        self._leases = leases

    async def run(self) -> None:
        """Listen for ever, over any number of connections."""
        pauses = delays()
        told = False
        while True:
            began = time.monotonic()
            try:
                connection = await self._session.connection()
                await connection.execute(f"listen {CHANNEL}")
                self._pump.listening = True
                # What was sent while nobody listened is found by looking.
                self._pump.work_announced()
                self._leases.ask_now()
                told = False
                await self._stay(connection)
            except Exception as error:
                self._pump.listening = False
                await self._session.recover(error)
                if not told and not database.is_outage(error):
                    told = True
                    log.warning("cannot listen, polling instead: %s", database.brief(error))
                if time.monotonic() - began > _STEADY:
                    pauses = delays()
                await asyncio.sleep(next(pauses))

    async def _stay(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            async for notify in connection.notifies(timeout=_CHECK_EVERY):
                self._on_notify(notify)
            async with asyncio.timeout(_CHECK_EVERY):
                await connection.execute("select")

    def _on_notify(self, notify: psycopg.Notify) -> None:
        verb, _, subject = notify.payload.partition(" ")
        if verb == "queue" and subject in self._config.queues:
            self._pump.work_announced()
        elif verb == "cancel" and subject.isdecimal() and self._ledger.holds(int(subject)):
            self._leases.ask_now()
