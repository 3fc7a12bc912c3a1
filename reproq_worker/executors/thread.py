"""Thread mode: tasks run in threads of the worker itself, coroutines on one event loop.

A thread cannot be killed. A run that overruns is given up: its outcome is recorded, its slot is
lost until the task returns, and what it returns then is dropped.
"""

import asyncio
import contextlib
import importlib
import json
import os
import queue
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from reproq_worker.config import WorkerConfig
from reproq_worker.executors import ExecutorUnusable, Finished, StopReason, outcome_of
from reproq_worker.executors.child import encode_outcome, failure
from reproq_worker.executors.reports import open_log_files
from reproq_worker.executors.thread_output import Logged, route
from reproq_worker.held import Held


class _Job:
    """One run in a thread or on the task loop."""

    def __init__(self, run: Held, limit: float) -> None:
        self.run = run
        self.limit = limit
        self.timer: asyncio.TimerHandle | None = None
        #: The asyncio task of a coroutine, which, unlike a thread, can be cancelled.
        self.task: asyncio.Task[None] | None = None
        self.given_up = False


class ThreadExecutor:
    """As many threads as slots, and a loop in one more thread for tasks that are coroutines."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self._jobs: dict[Held, _Job] = {}
        #: Given up by the supervisor and still busy.
        self._overrun: set[_Job] = set()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._module: ModuleType | Logged
        self._ready = False

    async def start(self, finished: Finished, freed: Callable[[], None]) -> None:
        """Load the executor module and start the threads."""
        self._finished = finished
        self._freed = freed
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
        self._task_loop = asyncio.new_event_loop()
        threading.Thread(target=self._task_loop.run_forever, daemon=True, name="tasks").start()
        for number in range(self._config.concurrency):
            name = f"task-{number}"
            threading.Thread(target=self._serve, daemon=True, name=name).start()
        self._ready = True
        freed()

    def free_slots(self) -> int:
        """Slots without a run and without one that overran."""
        if not self._ready:
            return 0
        return self._config.concurrency - len(self._jobs) - len(self._overrun)

    def needs_restart(self) -> bool:
        """Whether half of the slots are lost."""
        return len(self._overrun) * 2 >= self._config.concurrency

    def submit(self, run: Held) -> None:
        """Start a run in a thread or, for a coroutine, on the task loop."""
        job = _Job(run, min(run.timeout_seconds, self._config.exec_timeout))
        self._jobs[run] = job
        job.timer = self._loop.call_later(job.limit, self.stop, run, StopReason.TIMEOUT)
        self._queue.put(job)

    def stop(self, run: Held, reason: StopReason) -> None:
        """Give a run up; a coroutine is cancelled, a thread can only be waited for."""
        job = self._jobs.pop(run, None)
        if job is None:
            return
        self._stop_timer(job)
        job.given_up = True
        self._overrun.add(job)
        if job.task is not None:
            self._task_loop.call_soon_threadsafe(job.task.cancel)
        self._finished(run, outcome_of(reason, job.limit))

    async def close(self) -> None:
        """Let idle threads end; busy ones end with the process."""
        self._ready = False
        for _ in range(self._config.concurrency):
            self._queue.put(None)

    def _serve(self) -> None:
        while (job := self._queue.get()) is not None:
            try:
                is_async, run = self._look_at(job)
                if is_async:
                    self._task_loop.call_soon_threadsafe(self._start_coroutine, job, run)
                    continue
                outcome = self._module.execute(run)
            except BaseException as error:
                outcome = failure(error)
            self._hand_back(job, outcome)

    def _look_at(self, job: _Job) -> tuple[bool, dict[str, Any]]:
        run = json.loads(job.run.payload)
        run["worker_id"] = self._config.worker_id
        is_async = getattr(self._module, "is_async", None)
        return bool(is_async and is_async(run)), run

    def _start_coroutine(self, job: _Job, run: dict[str, Any]) -> None:
        job.task = self._task_loop.create_task(self._execute_async(job, run))
        if job.given_up:  # between the queue and here, when there was no task to cancel
            job.task.cancel()

    async def _execute_async(self, job: _Job, run: dict[str, Any]) -> None:
        try:
            outcome = await self._module.aexecute(run)
        except BaseException as error:
            outcome = failure(error)
        self._hand_back(job, outcome)

    def _hand_back(self, job: _Job, outcome: dict[str, Any]) -> None:
        raw = encode_outcome(outcome, self._config.max_result_bytes)
        with contextlib.suppress(RuntimeError):  # the worker has left already
            self._loop.call_soon_threadsafe(self._returned, job, raw)

    def _returned(self, job: _Job, raw: bytes) -> None:
        if job in self._overrun:
            self._overrun.discard(job)
            self._freed()
            return
        del self._jobs[job.run]
        self._stop_timer(job)
        self._finished(job.run, raw)

    def _stop_timer(self, job: _Job) -> None:
        if job.timer is not None:
            job.timer.cancel()


def _load(config: WorkerConfig) -> ModuleType | Logged:
    files = open_log_files(config)
    if files is not None:
        route()
    module = importlib.import_module(config.executor_module)
    module.setup()
    if files is None:
        return module
    return Logged(module, files, (config.max_stdout_bytes, config.max_stderr_bytes))
