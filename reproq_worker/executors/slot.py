"""One slot of process mode: a child, its channel, and the run it is busy with."""

import asyncio
import signal
import socket
from typing import Any, Protocol

from reproq_worker import outcomes
from reproq_worker.executors import StopReason, outcome_of, wire
from reproq_worker.executors.channel import Channel
from reproq_worker.executors.output import Output, Written
from reproq_worker.held import Held

_GRACE = 0.1


class Owner(Protocol):
    """What a slot asks of its executor."""

    def signal(self, pid: int, number: int) -> None: ...

    def call_later(self, seconds: float, function: Any, *args: Any) -> asyncio.TimerHandle: ...

    def run_ended(
        self, slot: "Slot", run: Held, raw: bytes | None, written: Written | None
    ) -> None: ...


class Slot:
    """Holds at most one run; knows what to say when its child ends."""

    def __init__(self, index: int, owner: Owner) -> None:
        self.index = index
        self._owner = owner
        self._channel: Channel | None = None
        self._output: Output | None = None
        #: The child has said that it takes no more.
        self._leaving = False
        self._pid: int | None = None
        self._run: Held | None = None
        self._reason: StopReason | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._limit = 0.0
        self._runs_begun = 0
        #: Killed because its channel ended and it did not: its task has closed the descriptor.
        self.cut_off = False

    @property
    def is_ready(self) -> bool:
        """A living child without a run and without a death sentence."""
        return not (self._pid is None or self._run or self._reason or self._leaving)

    def open(self, stream: socket.socket, output: Output) -> None:
        """A new child will serve the other end of `stream` and write to `output`."""
        self._leaving = False
        self._output = output
        self._reason = None
        self.cut_off = False
        self._channel = Channel(stream, self._on_message, self._on_end)

    def forked(self, pid: int) -> None:
        """The child lives."""
        self._pid = pid
        self._runs_begun = 0

    @property
    def was_used(self) -> bool:
        """Whether the child has been given any run."""
        return self._runs_begun > 0

    def begin(self, run: Held, limit: float) -> None:
        """Send a run to the child; it is killed after `limit` seconds."""
        self._run = run
        self._runs_begun += 1
        self._limit = limit
        self._timer = self._owner.call_later(limit, self.kill, StopReason.TIMEOUT)
        assert self._channel is not None
        assert self._output is not None
        self._output.take()  # what somebody has left behind in the child, and not this run
        self._channel.send(run.payload.encode())

    def kill(self, reason: StopReason) -> None:
        """End the child's whole group, gently at first; the first reason stays."""
        if self._reason is None and self._pid is not None:
            self._reason = reason
            self._signal(self._pid, signal.SIGTERM)
            self._owner.call_later(_GRACE, self._signal, self._pid, signal.SIGKILL)
        elif reason is StopReason.LOST:
            self._reason = reason

    def lost_child(self, how: str) -> bool:
        """The child is gone: report its run. True when that was nobody's intention."""
        channel, self._channel = self._channel, None
        self._pid = None  # first: an answer found below must not make the slot look ready
        if channel is not None:
            channel.drain()  # the answer may be in the pipe already
            channel.close()
        if self._output is not None:
            self._output.drain()
        unexpected = self._run is not None and self._reason is None
        if self._reason is None:
            self._end_run(outcomes.encode(outcomes.died(how)))
        else:
            self._end_run(outcome_of(self._reason, self._limit))
        self._close_output()
        return unexpected

    def discard(self) -> None:
        """Forget child and run; the worker is leaving."""
        self._pid = self._run = None
        self._stop_timer()
        if self._channel is not None:
            self._channel.close()
        self._close_output()

    def _close_output(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            output.close()

    def _on_message(self, raw: bytes) -> None:
        if raw in (wire.OUTPUT_WAITS, wire.LEAVING):
            self._leaving = raw == wire.LEAVING
            assert self._output is not None
            self._output.drain()
        # Once the child is sentenced, its last words may be those of a SIGTERM handler.
        elif self._reason is None:
            self._end_run(raw)
            if self._leaving and self._channel is not None:
                self._take_leave(self._channel)

    def _take_leave(self, channel: Channel) -> None:
        """Nothing more is to be heard of a child that leaves; if it does not, it is killed."""
        channel.close()
        assert self._output is not None
        self._output.turn_away()
        self._owner.call_later(_GRACE, self._cut_off, self._pid)

    def _on_end(self) -> None:
        """The child closed its end: it is dead, about to say why it leaves, or of no use."""
        if self._pid is None:
            return
        # A child that finds its channel closed says so by its exit code, if it is not killed first.
        grace = _GRACE if self._run is not None or self._leaving else 0
        self._owner.call_later(grace, self._cut_off, self._pid)

    def _cut_off(self, pid: int) -> None:
        if self._pid == pid:
            self.cut_off = True
            self._signal(pid, signal.SIGKILL)

    def _end_run(self, raw: bytes | None) -> None:
        self._stop_timer()
        if self._run is not None:
            run, self._run = self._run, None
            written = self._output.take() if self._output is not None else None
            self._owner.run_ended(self, run, raw, written)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _signal(self, pid: int, number: int) -> None:
        if self._pid == pid:
            self._owner.signal(pid, number)
