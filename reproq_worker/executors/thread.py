"""Thread mode: tasks run in threads of the worker itself, coroutines on one event loop.

A thread cannot be killed. A run that overruns is given up: its outcome is recorded, its slot is
lost until the task returns, and what it returns then is dropped.

Small tasks are quick here because the event loop is not asked between two of them: a thread takes
its next run by itself, and wakes the loop only when it finds none. What it has done until then is
collected when the loop looks after the runs, every 5 ms.
"""

import asyncio
import contextlib
import gc
import importlib
import os
import queue
import resource
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import Any

from reproq_worker import logs, payloads
from reproq_worker.config import WorkerConfig
from reproq_worker.executors import ExecutorUnusable, Finished, NextRun, StopReason, outcome_of
from reproq_worker.executors.child import begin_thread, encode_outcome, failure
from reproq_worker.executors.reports import open_log_files
from reproq_worker.executors.thread_output import Logged, route
from reproq_worker.held import Held

_LOOK_EVERY = 0.005
#: How long a thread that is busy with Python keeps the loop, and with it Postgres, waiting.
_SWITCH_INTERVAL = 0.0005


class ThreadExecutor:
    """As many threads as slots, and a loop in one more thread for tasks that are coroutines."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        #: Guards the slots: who is in one, and who was given up by the supervisor and still busy.
        self._lock = threading.Lock()
        self._runs: set[Held] = set()
        self._overrun: set[Held] = set()
        #: Coroutines, which, unlike threads, can be cancelled.
        self._coroutines: dict[Held, asyncio.Task[None]] = {}
        self._queue: queue.SimpleQueue[Held | None] = queue.SimpleQueue()
        self._returned: deque[tuple[Held, bytes]] = deque()
        self._collecting = False
        self._watching = False
        #: Whether runs end without having waited for anything outside the process: then more
        #: threads would only take turns with the one that works.
        self._busy = True
        self._ended = 0
        self._module: ModuleType | Logged
        self._ready = False

    async def start(self, finished: Finished, freed: Callable[[], None], next_run: NextRun) -> None:
        """Load the executor module and start the threads."""
        self._finished = finished
        self._freed = freed
        self._next_run = next_run
        self._loop = asyncio.get_running_loop()
        if self._config.allowed_task_modules is not None:
            os.environ["ALLOWED_TASK_MODULES"] = self._config.allowed_task_modules
        try:
            # In a thread, so that a setup that takes long does not deafen the worker to signals.
            self._module = await asyncio.to_thread(_load, self._config)
        except ExecutorUnusable:
            raise
        except Exception as error:
            name = self._config.executor_module
            summary = f"{name} cannot be set up: {type(error).__name__}: {error}"
            raise ExecutorUnusable(summary) from error
        sys.setswitchinterval(_SWITCH_INTERVAL)
        self._is_async = getattr(self._module, "is_async", None)
        self._task_loop = asyncio.new_event_loop()
        threading.Thread(target=self._task_loop.run_forever, daemon=True, name="tasks").start()
        for number in range(self._config.concurrency):
            name = f"task-{number}"
            threading.Thread(target=self._serve, daemon=True, name=name).start()
        self._ready = True
        freed()

    def free_slots(self) -> int:
        """Slots without a run and without one that overran."""
        if not self._ready or self._one_thread_will_do():
            return 0
        return self._config.concurrency - len(self._runs) - len(self._overrun)

    def _one_thread_will_do(self) -> bool:
        if not self._busy or not self._runs:
            return False
        now = time.monotonic()
        return all(now - run.started_at < _LOOK_EVERY for run in self._runs.copy())

    def needs_restart(self) -> bool:
        """Whether half of the slots are lost."""
        return len(self._overrun) * 2 >= self._config.concurrency

    def submit(self, run: Held) -> None:
        """Start a run in a thread or, for a coroutine, on the task loop."""
        with self._lock:
            self._runs.add(run)
        self._queue.put(run)
        if not self._watching:
            self._watching = True
            self._look_again()

    def stop(self, run: Held, reason: StopReason) -> None:
        """Give a run up; a coroutine is cancelled, a thread can only be waited for."""
        with self._lock:
            if run not in self._runs:
                return
            self._runs.remove(run)
            self._overrun.add(run)
            coroutine = self._coroutines.get(run)
        if coroutine is not None:
            self._task_loop.call_soon_threadsafe(coroutine.cancel)
        self._finished(run, outcome_of(reason, self._limit_of(run)))

    async def close(self) -> None:
        """Let idle threads end; busy ones end with the process."""
        self._ready = False
        for _ in range(self._config.concurrency):
            self._queue.put(None)

    def _limit_of(self, run: Held) -> float:
        return min(run.timeout_seconds, self._config.exec_timeout)

    def _watch(self) -> None:
        """Give up what has overrun, and open more slots where one thread turns out too few.

        One look at all runs costs less than a timer for each.
        """
        now = time.monotonic()
        for run in self._runs.copy():
            if now >= run.started_at + self._limit_of(run):
                self.stop(run, StopReason.TIMEOUT)
        held_back = self._busy
        ended, waits = (b - a for a, b in zip(self._seen, self._count(), strict=True))
        with self._lock:  # or a thread between two runs would look idle
            self._watching = bool(self._runs)
        self._busy = ended > 2 * waits or not self._watching
        if self._watching:
            self._look_again()
        if self._returned:
            self._collect()
        elif held_back:
            self._freed()

    def _count(self) -> tuple[int, int]:
        """Runs that have ended, and how often a thread has waited for something."""
        return self._ended, resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw

    def _look_again(self) -> None:
        self._seen = self._count()
        self._loop.call_later(_LOOK_EVERY, self._watch)

    # In the threads.

    def _serve(self) -> None:
        begin_thread(self._module)
        while (run := self._queue.get()) is not None:
            following: Held | None = run
            while following is not None:
                following = self._execute(following)

    def _execute(self, held: Held) -> Held | None:
        """Run one run; the one that follows it in the slot, if one does."""
        try:
            run = payloads.run_of(held)
            run["worker_id"] = self._config.worker_id
            if self._is_async is not None and self._is_async(run):
                self._task_loop.call_soon_threadsafe(self._start_coroutine, held, run)
                return None
            outcome = self._module.execute(run)
        except BaseException as error:
            outcome = failure(error)
        return self._hand_back(held, outcome)

    def _start_coroutine(self, held: Held, run: dict[str, Any]) -> None:
        with self._lock:
            if held in self._runs:
                coroutine = self._task_loop.create_task(self._execute_async(held, run))
                self._coroutines[held] = coroutine
                return
        self._hand_back(held, {})  # it was given up between the queue and here

    async def _execute_async(self, held: Held, run: dict[str, Any]) -> None:
        try:
            outcome = await self._module.aexecute(run)
        except BaseException as error:
            outcome = failure(error)
        with self._lock:
            del self._coroutines[held]
        if following := self._hand_back(held, outcome):
            self._queue.put(following)

    def _hand_back(self, run: Held, outcome: dict[str, Any]) -> Held | None:
        """Leave the slot to the next run; it never looks free in between."""
        raw = encode_outcome(outcome, self._config.max_result_bytes)
        run.ended_at = time.monotonic()
        following = None
        with self._lock:
            self._ended += 1
            if run in self._runs:  # or it was given up
                self._runs.remove(run)
                if self._ready and not self._one_thread_will_do():
                    following = self._next_run()
                if following is not None:
                    self._runs.add(following)
        self._returned.append((run, raw))
        # While a run is in a slot the loop looks by itself.
        if following is None and not self._collecting:
            self._collecting = True
            with contextlib.suppress(RuntimeError):  # the worker has left already
                self._loop.call_soon_threadsafe(self._collect)
        return following

    # On the loop.

    def _collect(self) -> None:
        self._collecting = False  # first: what comes from now on may not be seen below
        while self._returned:
            run, raw = self._returned.popleft()
            if run in self._overrun:
                self._overrun.remove(run)
            else:
                self._finished(run, raw)
        self._freed()


def _load(config: WorkerConfig) -> ModuleType | Logged:
    files = open_log_files(config)
    if files is not None:
        route()
    gc.disable()
    try:
        with logs.kept():
            module = importlib.import_module(config.executor_module)
            module.setup()
    finally:
        gc.enable()
    gc.freeze()  # what is loaded stays: to look through it again and again would only take time
    if files is None:
        return module
    return Logged(module, files, (config.max_stdout_bytes, config.max_stderr_bytes))
