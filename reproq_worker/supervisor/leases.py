"""Keeping leases, learning that one was lost or cancelled, and letting go in time."""

import asyncio
import time
from collections.abc import Sequence

from reproq_worker import logs, outcomes
from reproq_worker.config import WorkerConfig
from reproq_worker.executors import Executor, StopReason
from reproq_worker.held import Held, Stage
from reproq_worker.logs import Faults, log
from reproq_worker.observer import Observer
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import Session
from reproq_worker.supervisor.ledger import Ledger
from reproq_worker.supervisor.starter import Starter

_HEARTBEAT = (
    "select h.result_id, h.lease_no, h.verdict from reproq_heartbeat(worker_id => %s,"
    " result_ids => %s::bigint[], lease_nos => %s::bigint[], lease => make_interval(secs => %s))"
    " as h"
)
_SOONEST_RETRY = 1.0
#: A claimed run that found no slot for so long is given back: its neighbours are slow ones.
_PATIENCE = 1.0
_WATCH_EVERY = 0.2


class Leases:
    """Renews every lease that the worker holds, and acts on what the answers say."""

    def __init__(
        self,
        config: WorkerConfig,
        ledger: Ledger,
        session: Session,
        executor: Executor,
        starter: Starter,
        observer: Observer,
    ) -> None:
        self._config = config
        self._observer = observer
        self._ledger = ledger
        self._session = session
        self._executor = executor
        self._starter = starter
        self._faults = Faults()
        self._asked = asyncio.Event()
        # Late enough not to waste the lease, early enough to kill a group gently.
        self._margin = min(max(config.lease_seconds * 0.1, 0.5), 10.0, config.lease_seconds / 2)

    def ask_now(self) -> None:
        """Send a heartbeat at once: a run of ours may be cancelled."""
        self._asked.set()

    async def renew(self) -> None:
        """Send heartbeats for ever; sooner again after one that failed."""
        interval = self._config.heartbeat_seconds or None
        pause = interval
        while True:
            await self._pause(pause)
            try:
                await self._beat()
                self._faults.over("heartbeat")
                pause = interval
            except Exception as error:
                if not database.is_outage(error):
                    self._faults.tell("heartbeat", database.brief(error))
                pause = min(_SOONEST_RETRY, interval or _SOONEST_RETRY)

    async def watch(self) -> None:
        """Stop what can no longer be kept, before the lease of it can run out elsewhere."""
        while True:
            await asyncio.sleep(min(_WATCH_EVERY, self._margin / 4))
            now = time.monotonic()
            late = [run for run in self._ledger if now > run.safe_until - self._margin]
            self._let_go([run for run in late if run.stage in (Stage.WAITING, Stage.RUNNING)])
            self._starter.give_back_waiting(claimed_before=now - _PATIENCE)

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            pass
        self._asked.clear()

    async def _beat(self) -> None:
        held = list(self._ledger)
        if not held:
            return
        sent = time.monotonic()
        rows = await self._session.query(
            _HEARTBEAT,
            (
                self._config.worker_id,
                [run.result_id for run in held],
                [run.lease_no for run in held],
                self._config.lease_seconds,
            ),
        )
        self._observer.spent("heartbeat", time.monotonic() - sent)
        lost = []
        for result_id, lease_no, verdict in rows:
            if run := self._ledger.get((result_id, lease_no)):
                self._obey(run, verdict, sent)
                # One that ended is the pump's: its outcome will be refused, or was just taken.
                if verdict == "lost" and run.stage is not Stage.ENDED:
                    lost.append(run)
        self._lose(lost)

    def _obey(self, run: Held, verdict: str, sent: float) -> None:
        if verdict != "lost":  # one that is done has only to tell us so
            run.safe_until = sent + self._config.lease_seconds
        if verdict == "cancel":
            self._stop(run, StopReason.CANCELLED, outcomes.cancelled())

    def _let_go(self, runs: Sequence[Held]) -> None:
        if runs:
            log.warning("leases cannot be renewed in time, stopping %s", _named(runs))
        for run in runs:
            self._stop(run, StopReason.RELEASED, outcomes.released())

    def _stop(self, run: Held, reason: StopReason, unstarted: dict[str, object]) -> None:
        if self._starter.end_waiting(run, outcomes.encode(unstarted)):
            return
        if run.stage is Stage.RUNNING:
            run.stage = Stage.STOPPING
            self._executor.stop(run, reason)

    def _lose(self, runs: Sequence[Held]) -> None:
        if runs:
            log.warning("leases lost, stopping %s", _named(runs))
        for run in runs:
            if not self._ledger.unqueue(run):
                self._executor.stop(run, StopReason.LOST)
            self._ledger.forget(run)


def _named(runs: Sequence[Held]) -> str:
    return logs.runs([run.result_id for run in runs])
