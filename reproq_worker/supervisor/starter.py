"""From the backlog into slots: starts what is claimed, or gives it back unstarted."""

from collections import deque
from collections.abc import Callable

from reproq_worker import outcomes, payloads
from reproq_worker.config import WorkerConfig
from reproq_worker.executors import Executor
from reproq_worker.held import Held
from reproq_worker.observer import Observer
from reproq_worker.supervisor.ledger import Ledger

_FOREVER = float("inf")


class Starter:
    """Gives the executor its runs, in the order of the claims."""

    def __init__(
        self,
        config: WorkerConfig,
        ledger: Ledger,
        executor: Executor,
        observer: Observer,
        ended: Callable[[], None],
    ) -> None:
        """`ended` is called when the ledger has an outcome of a run that never started."""
        self._limit = config.max_payload_bytes
        self._ledger = ledger
        self._executor = executor
        self._observer = observer
        self._ended = ended
        self._stopped = False
        #: Taken by a thread; the observer is told on the loop.
        self._taken: deque[Held] = deque()

    def next_run(self) -> Held | None:
        """Take a run for a slot that is free, from any thread; none any more once told to stop."""
        if self._stopped:
            return None
        # One whose payload may be too large is left to start_waiting.
        run = self._ledger.next_to_start(self._limit)
        if run is not None:
            self._taken.append(run)
        return run

    def start_waiting(self) -> None:
        """Start what is claimed while there are free slots; nothing any more once told to stop."""
        self.tell_started()
        while not self._stopped and self._executor.free_slots():
            if run := self._ledger.next_to_start(self._limit):
                self._executor.submit(run)
                self._observer.started(run)
            elif run := self._ledger.first_waiting():
                self._start_large(run)
            else:
                break

    def tell_started(self) -> None:
        """Tell the observer of what threads have begun by themselves."""
        while self._taken:
            self._observer.started(self._taken.popleft())

    def end_waiting(self, run: Held, raw: bytes) -> bool:
        """End a run that was never started; False for one that was."""
        if not self._ledger.unqueue(run):
            return False
        self._ledger.ended(run, raw)
        self._ended()
        return True

    def give_back_waiting(self, claimed_before: float = _FOREVER) -> None:
        """Release what was claimed before that time and has found no slot, for other workers."""
        for run in self._ledger.waiting_since_before(claimed_before):
            self.end_waiting(run, outcomes.encode(outcomes.released()))

    def stop(self) -> None:
        """Start nothing from now on, and give back what waits."""
        self._stopped = True
        self.give_back_waiting()

    def _start_large(self, run: Held) -> None:
        # The whole row is never smaller than its arguments.
        size = payloads.size(run)
        if size > self._limit:
            self.end_waiting(run, outcomes.encode(outcomes.payload_too_large(size, self._limit)))
        elif self._ledger.next_to_start() is run:
            self._executor.submit(run)
            self._observer.started(run)
