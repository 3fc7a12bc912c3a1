"""One worker: wires its parts together, starts them, and ends them in order."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING

from reproq_worker import memory
from reproq_worker.config import WorkerConfig
from reproq_worker.errors import ConfigError
from reproq_worker.executors import Executor, ExecutorUnusable, StopReason
from reproq_worker.executors.process import ProcessExecutor
from reproq_worker.executors.spawn import SpawnExecutor
from reproq_worker.executors.thread import ThreadExecutor
from reproq_worker.held import Stage
from reproq_worker.logs import log
from reproq_worker.observer import Observer
from reproq_worker.supervisor import database
from reproq_worker.supervisor.chores import Chores
from reproq_worker.supervisor.database import OutageLog, Session
from reproq_worker.supervisor.exchange import Exchange
from reproq_worker.supervisor.leases import Leases
from reproq_worker.supervisor.ledger import Ledger
from reproq_worker.supervisor.listener import Listener
from reproq_worker.supervisor.pump import Pump
from reproq_worker.systemd.notify import ServiceManager

if TYPE_CHECKING:
    from reproq_worker.monitor.server import Monitor

_EXECUTORS: dict[str, Callable[[WorkerConfig], Executor]] = {
    "process": ProcessExecutor,
    "fork": partial(ProcessExecutor, tasks_per_child=1),
    "thread": ThreadExecutor,
    "spawn": SpawnExecutor,
}
#: After the tasks have ended, the last outcomes get so long to reach the database.
_DELIVERY_SECONDS = 5.0
_KILL_SECONDS = 2.0
_LOOK_EVERY = 0.01
_BEAT_EVERY = 0.5


class Exit(IntEnum):
    """How a worker left."""

    OK = 0
    FAILED = 1
    CONFIG = 2
    UNREACHABLE = 3
    #: Not an exit code: this process should be replaced by a fresh one.
    RESTART = -1


class Supervisor:
    """Runs one worker in this process."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        outages = OutageLog()
        name = f"reproq worker {config.worker_id}"[:63]
        self._sessions = [
            Session(dsn, name, outages)
            for dsn in (*[config.dsn] * 4, config.listen_dsn or config.dsn)
        ]
        main, relief, beats, chores, ears = self._sessions
        self._monitor = _monitor(config, outages, self._sessions)
        self._observer = self._monitor or Observer()
        self._ledger = Ledger()
        self._executor = _EXECUTORS[config.isolation](config)
        self._pump = Pump(
            config,
            self._ledger,
            Exchange(config, main),
            Exchange(config, relief),
            self._executor,
            self._observer,
        )
        self._leases = Leases(
            config, self._ledger, beats, self._executor, self._pump.starter, self._observer
        )
        self._chores = Chores(config, chores, self._observer)
        self._listener = Listener(config, ears, self._ledger, self._pump, self._leases)
        self._manager = ServiceManager()
        self._signals = 0
        self._signalled = asyncio.Event()
        self._hung_up = asyncio.Event()

    async def run(self) -> Exit:
        """Work until a signal, or until a one-shot worker is done."""
        self._heed_signals()
        if self._monitor is not None:
            self._monitor.start()
        own = [asyncio.create_task(self._pulse()), asyncio.create_task(self._log_memory())]
        try:
            started = await self._start()
            if started is not Exit.OK or self._signals:
                return started
            return await self._work()
        finally:
            for task in own:
                task.cancel()
            await self._executor.close()
            if self._monitor is not None:
                await asyncio.to_thread(self._monitor.stop)
            for session in self._sessions:
                await session.close()

    async def _start(self) -> Exit:
        starting = asyncio.ensure_future(
            self._executor.start(
                self._pump.run_ended, self._pump.slot_freed, self._pump.starter.next_run
            )
        )
        await self._first_of(starting)
        if not starting.done():
            starting.cancel()
        elif error := starting.exception():
            log.error("%s", error)
            return Exit.CONFIG if isinstance(error, ExecutorUnusable) else Exit.FAILED
        return Exit.OK

    async def _work(self) -> Exit:
        config = self._config
        log.info(
            "working on %s: %d slots, isolation %s",
            ", ".join(config.queues),
            config.concurrency,
            config.isolation,
        )
        self._manager.ready()
        try:
            await self._chores.register()
        except Exception as error:
            log.warning("cannot register yet: %s", database.brief(error))
        pump, chores, anew, *_ = parts = [
            asyncio.ensure_future(part)
            for part in (
                self._pump.run(),
                self._chores.run(),
                self._until_anew(),
                self._leases.renew(),
                self._leases.watch(),
                self._listener.run(),
            )
        ]
        await self._first_of(*parts)
        if error := next((p.exception() for p in parts if p.done() and p.exception()), None):
            log.critical("a part of the worker failed", exc_info=error)
        if not pump.done():
            if anew.done():
                self._manager.reloading()
            else:
                self._manager.stopping()
            await self._drain()
        elif not error:
            log.info("limit reached" if self._pump.at_limit else "no tasks, leaving")
        self._chores.stop()
        await asyncio.wait([chores], timeout=_KILL_SECONDS)
        restart = anew.done() and not self._signals
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        delivered = await self._say_goodbye()
        if error:
            return Exit.FAILED
        if not delivered:
            return Exit.UNREACHABLE
        return Exit.RESTART if restart else Exit.OK

    async def _pulse(self) -> None:
        while True:
            self._observer.beat()
            self._manager.alive()
            await asyncio.sleep(_BEAT_EVERY)

    async def _log_memory(self) -> None:
        interval = self._config.memory_log_interval
        while interval:
            role = self._config.process_role
            log.info("reproq memory usage", extra={"role": role, **memory.usage()})
            await asyncio.sleep(interval)

    async def _until_anew(self) -> None:
        """Until a fresh process should take this one's place."""
        while not self._hung_up.is_set():
            if self._executor.needs_restart():
                log.warning(
                    "too many slots are lost to tasks that overran: starting anew after the rest"
                )
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._hung_up.wait()
        log.info("SIGHUP: starting anew")

    async def _drain(self) -> None:
        """Claim nothing more, let finish what runs, release the rest."""
        config, ledger = self._config, self._ledger
        self._pump.stop_claiming()
        self._observer.draining()
        asked = self._signals
        if ledger.running:
            log.info(
                "waiting up to %g s for %d tasks", config.shutdown_timeout, len(ledger.running)
            )
        await self._wait(
            lambda: not ledger.running or self._signals > max(asked, 1), config.shutdown_timeout
        )
        left = [run for run in list(ledger.running) if run.stage is Stage.RUNNING]
        if left:
            log.warning("releasing %d tasks that did not finish in time", len(left))
        for run in left:
            run.stage = Stage.STOPPING
            self._executor.stop(run, StopReason.RELEASED)
        await self._wait(lambda: not ledger.running, _KILL_SECONDS)
        await self._wait(lambda: not len(ledger), _DELIVERY_SECONDS)

    async def _say_goodbye(self) -> bool:
        """Sign off and sum up; False when outcomes are left that could not be delivered."""
        try:
            async with asyncio.timeout(_KILL_SECONDS):
                await self._chores.retire()
        except Exception as error:
            log.warning("cannot sign off: %s", database.brief(error))
        log.info("processed %d tasks", self._pump.ended_total)
        undelivered = len(self._ledger.outbox)
        if undelivered:
            log.error("%d outcomes could not be delivered; their leases will run out", undelivered)
        return not undelivered

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        if os.isatty(0):
            # The terminal was closed.
            loop.add_signal_handler(signal.SIGHUP, self._on_signal, signal.SIGHUP)
        else:
            loop.add_signal_handler(signal.SIGHUP, self._hung_up.set)

    def _on_signal(self, number: int) -> None:
        self._signals += 1
        how = "stopping at once" if self._signals > 1 else "stopping"
        log.info("%s: %s", signal.Signals(number).name, how)
        self._signalled.set()

    async def _first_of(self, *parts: asyncio.Future[None]) -> None:
        """Wait for a signal, or for the first of these to end."""
        signalled = asyncio.ensure_future(self._signalled.wait())
        await asyncio.wait([signalled, *parts], return_when=asyncio.FIRST_COMPLETED)
        signalled.cancel()

    async def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        give_up_at = time.monotonic() + seconds
        while not condition() and time.monotonic() < give_up_at:
            await asyncio.sleep(_LOOK_EVERY)


def _monitor(config: WorkerConfig, outages: OutageLog, sessions: list[Session]) -> "Monitor | None":
    """Who serves /metrics, if anybody; its libraries are loaded only then."""
    if config.monitor is None:
        return None
    if config.low_memory:
        log.warning("LOW_MEMORY_MODE: no /metrics, no /healthz, no /events")
        return None
    try:
        from reproq_worker.monitor.server import Monitor
    except ImportError as error:
        raise ConfigError(f"{error.name} is missing: pip install 'reproq[metrics]'") from None
    own = Session(config.dsn, f"reproq monitor {config.worker_id}"[:63], outages)
    return Monitor(config, config.monitor, own, sessions)
