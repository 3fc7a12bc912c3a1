"""The loop: deliver what ended and claim more in one round trip, then wait for something to do."""

import asyncio
import time

from reproq_worker.config import WorkerConfig
from reproq_worker.executors import Executor
from reproq_worker.held import Held
from reproq_worker.logs import Faults, log, runs
from reproq_worker.observer import Observer
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import delays
from reproq_worker.supervisor.exchange import Exchange, Exchanged
from reproq_worker.supervisor.ledger import Ledger, Outcome
from reproq_worker.supervisor.pace import MAX_CLAIM, Pace
from reproq_worker.supervisor.polling import Polling
from reproq_worker.supervisor.starter import Starter
from reproq_worker.supervisor.summons import Summons

_WAIT_FOR_WORK = 3600.0
_EMPTY_ENOUGH = 3.0
#: With so many outcomes waiting while an exchange is under way, a second one begins beside it.
_PILE = 50
_WHAT = "claiming and finishing"


class Pump:
    """Moves runs between Postgres and the ledger; its starter takes them to the executor."""

    def __init__(
        self,
        config: WorkerConfig,
        ledger: Ledger,
        exchange: Exchange,
        relief: Exchange,
        executor: Executor,
        observer: Observer,
    ) -> None:
        """`relief` helps `exchange` out where it is always under way."""
        self._config = config
        self._observer = observer
        self._ledger = ledger
        self._exchange = exchange
        self._relief = relief
        #: How many runs the exchanges under way have asked for.
        self._asked = 0
        self._executor = executor
        self._pace = Pace(config.concurrency)
        self._faults = Faults()
        self._wake = asyncio.Event()
        #: Outcomes have piled up.
        self._piled = asyncio.Event()
        self.starter = Starter(config, ledger, executor, observer, self._wake.set)
        self._polling = Polling(config.poll_min_backoff, config.poll_max_backoff)
        self._summons = Summons(config.poll_max_backoff)
        #: Since when no claim has brought anything.
        self._empty_since: float | None = None
        self.claiming = True
        #: Whether somebody would hear a NOTIFY; without that none is asked for.
        self.listening = False
        self.claimed_total = 0
        self.ended_total = 0

    # What others tell the pump.

    def run_ended(self, run: Held, raw: bytes | None) -> None:
        """The executor is done with a run; a raw outcome of None means that it was lost."""
        self._ledger.left_slot(run)
        self.starter.tell_started()
        seconds = (run.ended_at or time.monotonic()) - run.started_at
        self._pace.observe(seconds, len(run.payload) + len(raw or b""))
        self._observer.left(run, seconds)
        self._empty_since = None  # it may have enqueued more
        if raw is not None:
            self._ledger.ended(run, raw)
        self._wake.set()
        if len(self._ledger.outbox) >= _PILE:
            self._piled.set()

    def slot_freed(self) -> None:
        """A slot can take a run."""
        self.starter.start_waiting()
        self._wake.set()

    def work_announced(self) -> None:
        """A NOTIFY says that there is work: look at once."""
        self._polling.look_at_once()
        self._wake.set()

    def stop_claiming(self) -> None:
        """Claim and start nothing from now on; deliver on."""
        self.claiming = False
        self.starter.stop()
        self._wake.set()

    # The loop.

    async def run(self) -> None:
        """Pump until cancelled or, for a one-shot worker, done."""
        async with asyncio.TaskGroup() as group:
            relief = group.create_task(self._relieve())
            await self._pump()
            relief.cancel()

    async def _pump(self) -> None:
        pauses = delays()
        while not await self._is_done():
            self._wake.clear()
            now = time.monotonic()
            room = self._room(now)
            # With outcomes to deliver the round trip is paid for: claim along.
            pause = self._polling.seconds_left(now)
            want = room if self._ledger.outbox or pause <= 0 else 0
            ended = self._ledger.take_outcomes()
            if not ended and not want:
                await self._sleep(pause if room else _WAIT_FOR_WORK)
                continue
            wait = self._summons.ask(now) if want and self.listening else 0.0
            if await self._exchanged(self._exchange, ended, want, wait):
                self._summons.answered()
                pauses = delays()
            else:
                await asyncio.sleep(next(pauses))

    async def _relieve(self) -> None:
        """Trade beside the other exchange while outcomes pile up.

        What one has brought is read while the server works for the other.
        """
        pauses = delays()
        while True:
            self._piled.clear()
            if len(self._ledger.outbox) < _PILE:
                await self._piled.wait()
                continue
            ended = self._ledger.take_outcomes()
            succeeded = await self._exchanged(self._relief, ended, self._room(time.monotonic()), 0)
            self._wake.set()  # the other may have room again, or nothing left to wait for
            if succeeded:
                pauses = delays()
            else:
                await asyncio.sleep(next(pauses))

    async def _exchanged(
        self, exchange: Exchange, ended: list[Outcome], want: int, wait: float
    ) -> bool:
        """Deliver and claim; False when that failed, and all is as it was."""
        self._asked += want
        try:
            result = await self._trade(exchange, ended, want, wait)
        except Exception as error:
            self._ledger.put_back(ended)
            self._summons.over()
            self._log_failure(error)
            return False
        except asyncio.CancelledError:
            self._ledger.put_back(ended)
            raise
        finally:
            self._asked -= want
        self._faults.over(_WHAT)
        self._settle(result)
        if result.asked_for:
            self._take_in(result)
        return True

    async def _trade(
        self, exchange: Exchange, ended: list[Outcome], want: int, wait: float
    ) -> Exchanged:
        if want:
            self._polling.looks()
        began = time.monotonic()
        try:
            result = await exchange.trade(ended, want, wait)
            self._observer.traded(result, time.monotonic() - began)
            return result
        except Exception as error:
            if not ended or database.is_outage(error) or database.is_transient(error):
                raise
            log.warning(
                "outcomes refused as a batch, sending them one by one: %s", database.brief(error)
            )
            self._summons.over()  # the claim beside them came to nothing
            return await exchange.deliver_one_by_one(ended)

    def _room(self, now: float) -> int:
        """How many more runs are worth holding now."""
        if not self.claiming or self.at_limit or self._executor.needs_restart():
            return 0
        free = self._executor.free_slots()
        backlog = len(self._ledger.backlog) + self._asked
        undelivered = len(self._ledger.outbox)
        ahead = self._pace.ahead(list(self._ledger.running), now, undelivered)
        if backlog >= free and backlog > ahead // 2:
            return 0  # enough for now: a few large claims are cheaper than many small ones
        return max(0, min(free + ahead - backlog, MAX_CLAIM, self._remaining))

    def _settle(self, result: Exchanged) -> None:
        refused = []
        for outcome, accepted, *_ in result.settled:
            self._ledger.forget(outcome.held)
            self.ended_total += 1
            if not accepted:
                refused.append(outcome.held.result_id)
        if refused:
            log.warning(
                "no outcome taken of %s: recorded already, or the lease was lost", runs(refused)
            )

    async def _is_done(self) -> bool:
        """Whether a one-shot worker has nothing left to do: empty, or at its limit."""
        if len(self._ledger):
            return False
        return self.at_limit or (self._config.until_empty and await self._is_empty())

    async def _is_empty(self) -> bool:
        if self._empty_since is None:
            return False
        # What is paused or limited stays ready, and nobody waits for that.
        if time.monotonic() - self._empty_since > _EMPTY_ENOUGH:
            return True
        try:
            # A claim passes over the tickets that a tick is just moving; a count does not.
            return await self._exchange.count_ready() == 0
        except Exception as error:
            self._log_failure(error)
            return False

    def _take_in(self, result: Exchanged) -> None:
        if len(result.claimed) == result.asked_for:
            self._summons.over()
        self.claimed_total += len(result.claimed)
        self._ledger.claimed(result.claimed)
        self.starter.start_waiting()
        if not self.claiming:  # the signal came while the claim was under way
            self.starter.give_back_waiting()
        if result.claimed:
            self._polling.found()
        if result.claimed or result.more:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = time.monotonic()
        if len(result.claimed) < result.asked_for and not result.more:
            self._polling.found_too_little()

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    @property
    def _remaining(self) -> int:
        limit = self._config.max_tasks
        return limit - self.claimed_total - self._asked if limit else MAX_CLAIM

    @property
    def at_limit(self) -> bool:
        return 0 < self._config.max_tasks <= self.claimed_total

    def _log_failure(self, error: Exception) -> None:
        if not database.is_outage(error):  # those are told once, by the connections
            self._faults.tell(_WHAT, database.brief(error))
