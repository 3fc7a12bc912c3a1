"""Process and fork mode: tasks run in warm children, forked from a zygote, one at a time in each.

In process mode a child serves one task after another, in fork mode one.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from reproq_worker import outcomes
from reproq_worker.config import WorkerConfig
from reproq_worker.executors import (
    ExecutorUnusable,
    Finished,
    NextRun,
    StopReason,
    memory,
    processes,
    reports,
)
from reproq_worker.executors.child import EXIT_CHANNEL_LOST
from reproq_worker.executors.output import Written
from reproq_worker.executors.slot import Slot
from reproq_worker.executors.zygote_link import ZygoteLink
from reproq_worker.held import Held
from reproq_worker.logs import log

_WORKERS_OWN = {"METRICS_AUTH_TOKEN", "LISTEN_DATABASE_URL"}
_RESTART_DELAY = 1.0
_OTHER_DESCRIPTORS = 256
#: Channel, output and error, and for a moment the child's ends of them, too.
_DESCRIPTORS_PER_CHILD = 6
#: Children that wait beside the busy ones where each serves one task, so that the next task need
#: not wait for the end of one and the fork of another. Where tasks are so short that it matters,
#: more would only wait for a core.
_SPARE = 2
#: How a process ends that was refused memory and does not know what to do.
_MEMORY_SIGNALS = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL)


class ProcessExecutor:
    """Keeps the slots filled with children and the children busy with runs."""

    def __init__(self, config: WorkerConfig, tasks_per_child: int | None = None) -> None:
        self._config = config
        self._tasks_per_child = (
            config.max_tasks_per_child if tasks_per_child is None else tasks_per_child
        )
        spare = _SPARE if self._tasks_per_child == 1 else 0
        self._slots = [Slot(index, self) for index in range(config.concurrency + spare)]
        self._idle: list[Slot] = []
        self._by_pid: dict[int, Slot] = {}
        self._by_run: dict[Held, Slot] = {}
        self._closing = False
        self._link: ZygoteLink | None = None
        self._reports: reports.Reports | None = None

    async def start(self, finished: Finished, freed: Callable[[], None], next_run: NextRun) -> None:
        """Start the zygote and its children; ExecutorUnusable when its setup fails."""
        self._finished = finished
        self._freed = freed
        self._loop = asyncio.get_running_loop()
        self._reports = reports.Reports(self._config, self._finish)
        processes.allow_descriptors(len(self._slots) * _DESCRIPTORS_PER_CHILD + _OTHER_DESCRIPTORS)
        await self._start_zygote()

    def free_slots(self) -> int:
        """Children that may be given a run; those being replaced do not count."""
        return min(len(self._idle), self._config.concurrency - len(self._by_run))

    def needs_restart(self) -> bool:
        """Never: a child that is lost is replaced."""
        return False

    def submit(self, run: Held) -> None:
        """Give a run to a waiting child."""
        slot = self._idle.pop()
        self._by_run[run] = slot
        slot.begin(run, min(run.timeout_seconds, self._config.exec_timeout))

    def stop(self, run: Held, reason: StopReason) -> None:
        """Kill the run's process group; SIGTERM, and SIGKILL after 100 ms."""
        if slot := self._by_run.get(run):
            slot.kill(reason)

    async def close(self) -> None:
        """End the zygote and with it every child."""
        self._closing = True
        for slot in self._slots:
            slot.discard()
        if self._link is not None:
            await asyncio.to_thread(self._link.close)
        if self._reports is not None:
            await asyncio.to_thread(self._reports.close)

    # What slots ask for.

    def signal(self, pid: int, number: int) -> None:
        """Signal a child's group through the zygote, which knows whether the pid still is one."""
        self._link.signal(pid, number)

    def call_later(self, seconds: float, function: Any, *args: Any) -> asyncio.TimerHandle:
        """A timer on the supervisor's loop."""
        return self._loop.call_later(seconds, function, *args)

    def run_ended(self, slot: Slot, run: Held, raw: bytes | None, written: Written | None) -> None:
        """A slot is rid of its run."""
        del self._by_run[run]
        if slot.is_ready:
            self._idle.append(slot)
        if written is None:
            self._finish(run, raw)
        else:
            self._reports.finish(run, raw, written)

    def _finish(self, run: Held, raw: bytes | None) -> None:
        self._finished(run, raw)
        self._freed()

    # Events.

    async def _start_zygote(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._ready = ready
        self._link = ZygoteLink(self._on_event, self._on_gone)
        self._link.start(self._settings(), self._environment())
        await ready
        for slot in self._slots:
            self._fill(slot)

    def _settings(self) -> dict[str, Any]:
        return {
            "executor_module": self._config.executor_module,
            "worker_id": self._config.worker_id,
            "max_result_bytes": self._config.max_result_bytes,
            "max_tasks_per_child": self._tasks_per_child,
            "max_memory": self._config.max_memory,
        }

    def _environment(self) -> dict[str, str]:
        # Settings modules read variables of their own, DATABASE_URL among them, so all are passed
        # but for what is the worker's alone.
        environment = {k: v for k, v in os.environ.items() if k not in _WORKERS_OWN}
        if self._config.allowed_task_modules is not None:
            environment["ALLOWED_TASK_MODULES"] = self._config.allowed_task_modules
        return environment

    def _fill(self, slot: Slot) -> None:
        ours, theirs = socket.socketpair()
        output = self._reports.output()
        slot.open(ours, output)
        self._link.fork(slot.index, [theirs.detach(), *output.hand_over()])

    def _fill_later(self, slot: Slot, link: ZygoteLink) -> None:
        if not self._closing and link is self._link:
            self._fill(slot)

    def _on_event(self, event: dict[str, Any]) -> None:
        match event:
            case {"event": "ready"}:
                self._ready.set_result(None)
            case {"event": "setup_failed", "error": error}:
                message = f"{self._config.executor_module} cannot be set up: {error}"
                self._ready.set_exception(ExecutorUnusable(message))
            case {"event": "forked", "slot": index, "pid": pid}:
                slot = self._slots[index]
                self._by_pid[pid] = slot
                slot.forked(pid)
                if slot.is_ready:
                    self._idle.append(slot)
                    self._freed()
            case {"event": "exited", "pid": pid, "status": status}:
                self._on_exit(self._by_pid.pop(pid), status)

    def _on_exit(self, slot: Slot, status: int) -> None:
        if self._closing:
            return
        if slot in self._idle:
            self._idle.remove(slot)
        how = self._describe_exit(status)
        if status == EXIT_CHANNEL_LOST or (slot.cut_off and status == -signal.SIGKILL):
            how = "The task closed the descriptor on which its outcome goes to the worker."
        if slot.lost_child(how):
            log.warning("slot %d: %s", slot.index, how)
        if slot.was_used:
            self._fill(slot)
        else:
            # It died before its first run: forking again at once could go on for ever.
            log.warning("slot %d: a waiting child ended; replacing it in a second", slot.index)
            self._loop.call_later(_RESTART_DELAY, self._fill_later, slot, self._link)

    def _describe_exit(self, status: int) -> str:
        how = outcomes.describe_exit(status)
        if self._config.max_memory and -status in _MEMORY_SIGNALS:
            how += f" It may take {memory.in_words(self._config.max_memory)} (max_memory)."
        return how

    def _on_gone(self) -> None:
        """The zygote died: its children die with it, and their groups are killed from here."""
        if self._closing:
            return
        if not self._ready.done():
            self._ready.set_exception(ExecutorUnusable("the process of the executor ended early"))
            return
        log.error("the parent of the children died; starting another one")
        for pid in self._by_pid:
            processes.signal_group(pid, signal.SIGKILL)
        self._by_pid.clear()
        self._idle.clear()
        for slot in self._slots:
            slot.lost_child("The parent of the task's process died, and the process with it.")
        self._restarting = self._loop.create_task(self._restart())

    async def _restart(self) -> None:
        while not self._closing:
            try:
                return await self._start_zygote()
            except ExecutorUnusable as error:
                log.error("%s", error)
                await asyncio.sleep(_RESTART_DELAY)
