"""Log files in thread mode: telling apart what tasks write that share one process.

Only what Python writes to sys.stdout and sys.stderr can be told apart. Descriptors are common to
all, so what C code and subprocesses write goes where the worker's own output goes.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from reproq_worker.executors.child import begin_thread, failure
from reproq_worker.executors.log_files import LogFiles
from reproq_worker.executors.output import Kept, Written
from reproq_worker.executors.reports import last_lines
from reproq_worker.logs import Faults

_STREAMS = ("stdout", "stderr")
#: The buffers of the task at hand, in its thread or coroutine; everybody else writes as usual.
_buffers: ContextVar[dict[str, Kept] | None] = ContextVar("buffers", default=None)


class Logged:
    """An executor module whose tasks have log files."""

    def __init__(self, module: ModuleType, files: LogFiles, limits: tuple[int, int]) -> None:
        self._module = module
        self._files = files
        self._limits = limits
        self._faults = Faults()

    def begin_thread(self) -> None:
        """This thread will do nothing but execute runs."""
        begin_thread(self._module)

    def is_async(self, run: dict[str, Any]) -> bool:
        """Whether the module would like to have this on an event loop."""
        is_async = getattr(self._module, "is_async", None)
        return bool(is_async and is_async(run))

    def execute(self, run: dict[str, Any]) -> dict[str, Any]:
        """Run one task, and write its log if there is anything to write."""
        with _recorded(self._limits) as buffers:
            try:
                outcome = self._module.execute(run)
            except BaseException as error:
                outcome = failure(error)
        return self._report(run, buffers, outcome)

    async def aexecute(self, run: dict[str, Any]) -> dict[str, Any]:
        """See execute()."""
        with _recorded(self._limits) as buffers:
            try:
                outcome = await self._module.aexecute(run)
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                outcome = failure(error)
        return await asyncio.to_thread(self._report, run, buffers, outcome)

    def _report(
        self, run: dict[str, Any], buffers: dict[str, Kept], outcome: dict[str, Any]
    ) -> dict[str, Any]:
        written = Written(*(kept.take() for kept in buffers.values()))
        if not written.stdout and not written.stderr:
            return outcome
        if written.stderr and "error" in outcome:
            outcome["error"]["stderr"] = last_lines(written.stderr)
        try:
            outcome["logs_uri"] = self._files.write(run["result_id"], run["attempt"], written)
        except OSError as error:
            self._faults.tell("writing log files", error.strerror or str(error))
        return outcome


class _Routed:
    """Stands for a standard stream: what a task writes goes to the task's buffer."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._usual = getattr(sys, name)

    def write(self, text: str) -> int:
        buffers = _buffers.get()
        if buffers is None:
            return self._usual.write(text)
        buffers[self._name].add(text.encode(errors="replace"))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._usual, name)


def route() -> None:
    """Take over the standard streams, before a log handler keeps one of them."""
    for name in _STREAMS:
        setattr(sys, name, _Routed(name))


@contextmanager
def _recorded(limits: tuple[int, int]) -> Iterator[dict[str, Kept]]:
    buffers = {name: Kept(limit) for name, limit in zip(_STREAMS, limits, strict=True)}
    token = _buffers.set(buffers)
    try:
        yield buffers
    finally:
        _buffers.reset(token)
