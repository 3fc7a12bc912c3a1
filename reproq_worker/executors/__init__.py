"""What runs tasks, and the contract between it and the supervisor.

An executor has a fixed number of slots. The supervisor submits a run while a slot is free and hears
exactly once how it ended. How a task is run, limited and killed is the executor's own affair.

An executor module (`reproq_django.executor` by default, `--executor-module`) is loaded by name in
the process that runs tasks and offers:

- `setup()`: called once before the first run; an exception stops the worker with exit code 2;
- `execute(run: dict) -> dict`: runs one claimed run (the row of reproq_claim and `worker_id`; in
  thread mode `spec_json` holds only `args` and `kwargs`) and returns its outcome for reproq_finish,
  without the lease;
- optionally `begin_thread()`: called in each thread that will do nothing but execute runs, and once
  in the process whose forks do so;
- optionally `is_async(run) -> bool` and `aexecute(run)`: thread mode runs such a run on its event
  loop instead of in a thread.
"""

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from reproq_worker import outcomes
from reproq_worker.held import Held


class StopReason(Enum):
    """Why a run is stopped from outside, which decides its outcome."""

    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    #: Given back without burning an attempt.
    RELEASED = "released"
    #: The lease is somebody else's: no outcome at all.
    LOST = "lost"


#: How an executor reports the end of a run; the outcome is None for a lost one.
Finished = Callable[[Held, bytes | None], None]

#: What waits to be started, if anything does; may be called from any thread.
NextRun = Callable[[], Held | None]


class ExecutorUnusable(Exception):
    """The executor cannot be started: its module is missing or its setup failed."""


class Executor(Protocol):
    """Runs claimed runs in slots of its own."""

    async def start(self, finished: Finished, freed: Callable[[], None], next_run: NextRun) -> None:
        """Get ready; ExecutorUnusable when that is impossible.

        `finished` is called when a run is over, `freed` when slots can take runs (again), once for
        as many as there are.
        A slot that is free may ask for its `next_run` itself, without waiting for a submit.
        """

    def free_slots(self) -> int:
        """How many more runs may be submitted now."""

    def submit(self, run: Held) -> None:
        """Start a run in a free slot."""

    def stop(self, run: Held, reason: StopReason) -> None:
        """End a run early; the finished callback follows when its slot is free of it."""

    def needs_restart(self) -> bool:
        """Whether so many slots are lost that only a new worker process helps."""

    async def close(self) -> None:
        """End everything that is left, at once."""


def outcome_of(reason: StopReason, limit: float) -> bytes | None:
    """What is recorded of a run that was stopped; `limit` is the timeout that it had."""
    match reason:
        case StopReason.TIMEOUT:
            return outcomes.encode(outcomes.timed_out(limit))
        case StopReason.CANCELLED:
            return outcomes.encode(outcomes.cancelled())
        case StopReason.RELEASED:
            return outcomes.encode(outcomes.released())
        case StopReason.LOST:
            return None
