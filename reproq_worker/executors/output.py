"""What a task writes to its standard output and standard error.

Each child has a pipe for either. The worker reads them, so that a task that fills them goes on, and
so that what a task has written outlives its process. A stream keeps its beginning and its end, up
to a limit, and forgets the middle.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CUT = b"\n[TRUNCATED due to size limit]\n"
_READ = 1 << 16

type Hearer = Callable[[bytes], None] | None


@dataclass(frozen=True, slots=True)
class Written:
    """What one run has written, cut to the limits."""

    stdout: bytes
    stderr: bytes


class Kept:
    """The first and the last bytes of a stream, together no more than a limit."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._room = limit - self._half
        self._head = bytearray()
        self._tail = bytearray()
        self._is_cut = False

    def add(self, data: bytes) -> None:
        """Keep what there is room for."""
        room = self._room - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * self._half:  # not at every byte: moving the rest costs
            self._trim()

    def take(self) -> bytes:
        """Hand out what was kept and begin anew."""
        if not self._head:
            return b""
        self._trim()
        parts = [bytes(self._head), CUT if self._is_cut else b"", bytes(self._tail)]
        self._head.clear()
        self._tail.clear()
        self._is_cut = False
        return b"".join(parts)

    def _trim(self) -> None:
        if len(self._tail) > self._half:
            del self._tail[: -self._half]
            self._is_cut = True


def _capacity(pipe: int) -> int:
    """How much a pipe holds at most; where that cannot be asked, more than is usual."""
    ask = getattr(fcntl, "F_GETPIPE_SZ", None)
    return fcntl.fcntl(pipe, ask) if ask is not None else 1 << 20


class Output:
    """The worker's ends of the two pipes of one child."""

    def __init__(self, limits: Sequence[int], hearers: Sequence[Hearer]) -> None:
        """Of standard output and error: how much is kept, and who else hears it at once."""
        self._loop = asyncio.get_running_loop()
        self._theirs: list[int] = []
        self._kept: dict[int, Kept] = {}
        self._hearers: dict[int, Hearer] = {}
        for limit, hearer in zip(limits, hearers, strict=True):
            ours, theirs = os.pipe()
            os.set_blocking(ours, False)
            self._theirs.append(theirs)
            self._kept[ours] = Kept(limit)
            self._hearers[ours] = hearer
            self._loop.add_reader(ours, self._read, ours)
        self._open = set(self._kept)

    def hand_over(self) -> list[int]:
        """The child's ends, stdout and stderr; whoever takes them closes them."""
        theirs, self._theirs = self._theirs, []
        return theirs

    def drain(self) -> None:
        """Read what is in the pipes now, and no more: a writer may never stop."""
        for descriptor in list(self._open):
            left = _capacity(descriptor)
            while left > 0 and (size := self._read(descriptor)):
                left -= size

    def take(self) -> Written | None:
        """What was written since the last time; None when nothing was."""
        stdout, stderr = (kept.take() for kept in self._kept.values())
        return Written(stdout, stderr) if stdout or stderr else None

    def turn_away(self) -> None:
        """Read no more by itself: what is still written finds room in the pipe, and no end."""
        for descriptor in self._open:
            self._loop.remove_reader(descriptor)

    def close(self) -> None:
        """Stop reading."""
        for descriptor in list(self._open):
            self._close(descriptor)
        for descriptor in self.hand_over():
            os.close(descriptor)

    def _read(self, descriptor: int) -> int:
        try:
            data = os.read(descriptor, _READ)
        except BlockingIOError:
            return 0
        if not data:
            self._close(descriptor)
            return 0
        self._kept[descriptor].add(data)
        if (hearer := self._hearers[descriptor]) is not None:
            hearer(data)
        return len(data)

    def _close(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
