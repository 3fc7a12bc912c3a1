"""What this worker holds: runs claimed, running, or ended with an outcome to deliver."""

import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reproq_worker import payloads
from reproq_worker.held import Held, Key, Stage

#: More in one delivery would only make the transaction longer.
_MAX_OUTCOMES = 500
#: And this is far below what Postgres takes as one array of JSON, 256 MB.
_MAX_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, encoded, not yet accepted by Postgres."""

    held: Held
    raw: bytes = field(repr=False)


class Ledger:
    """Every lease this worker holds, from the claim until Postgres answered its outcome."""

    def __init__(self) -> None:
        self._held: dict[Key, Held] = {}
        self.backlog: deque[Held] = deque()
        self.outbox: deque[Outcome] = deque()
        #: In their slots, also those told to stop; the one that started first comes first.
        self.running: dict[Held, None] = {}
        #: Threads of an executor take runs from the backlog, too.
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def get(self, key: Key) -> Held | None:
        """The run held under this lease, if it still is."""
        return self._held.get(key)

    def holds(self, result_id: int) -> bool:
        """Whether any lease on this run is held."""
        return any(key[0] == result_id for key in self._held)

    def claimed(self, runs: Iterable[Held]) -> None:
        """Take in what a claim gave."""
        for run in runs:
            self._held[run.key] = run
            self.backlog.append(run)

    def first_waiting(self) -> Held | None:
        """The run that is to be started next, if one waits."""
        with self._lock:
            return self.backlog[0] if self.backlog else None

    def next_to_start(self, max_bytes: int = sys.maxsize) -> Held | None:
        """Take the next run and count it as running; None when none waits or it may be larger."""
        with self._lock:
            if not self.backlog or payloads.may_exceed(self.backlog[0], max_bytes):
                return None
            run = self.backlog.popleft()
            run.stage = Stage.RUNNING
            run.started_at = time.monotonic()
            self.running[run] = None
            return run

    def left_slot(self, run: Held) -> None:
        """The executor is done with this run."""
        self.running.pop(run, None)

    def ended(self, run: Held, raw: bytes) -> None:
        """Keep an outcome for delivery, unless the lease was lost meanwhile."""
        if run.key in self._held:
            run.stage = Stage.ENDED
            self.outbox.append(Outcome(run, raw))

    def waiting_since_before(self, claimed_before: float) -> list[Held]:
        """Runs that were claimed before that time and have found no slot."""
        with self._lock:
            return [run for run in self.backlog if run.claimed_at < claimed_before]

    def unqueue(self, run: Held) -> bool:
        """Take a run out of the backlog; False when a slot has just taken it."""
        with self._lock:
            if run.stage is not Stage.WAITING:
                return False
            self.backlog.remove(run)
            run.stage = Stage.ENDED
            return True

    def forget(self, run: Held) -> None:
        """The lease is settled or lost."""
        self._held.pop(run.key, None)

    def take_outcomes(self) -> list[Outcome]:
        """Take the oldest outcomes, as many as one delivery may have."""
        taken: list[Outcome] = []
        size = 0
        while self.outbox and len(taken) < _MAX_OUTCOMES and size < _MAX_BYTES:
            outcome = self.outbox.popleft()
            size += len(outcome.raw)
            taken.append(outcome)
        return taken

    def put_back(self, outcomes: list[Outcome]) -> None:
        """The delivery failed: keep them for the next one, in order."""
        self.outbox.extendleft(reversed(outcomes))
