"""Keeping what a task prints apart from the executor's own answer."""

import contextlib
import os
import sys
import threading
from typing import Self

_MOST = 65536
_READ = 1 << 16
_PATIENCE = 0.5


class CapturedStdout:
    """Takes standard output away from a task and counts what it writes there.

    Also from its C code and its subprocesses: what descriptor 1 stands for is exchanged. Whatever
    still holds it afterwards is not waited for.
    """

    def __init__(self) -> None:
        self.size = 0
        self._end = bytearray()

    def __enter__(self) -> Self:
        self._real = os.dup(1)
        ours, theirs = os.pipe()
        os.dup2(theirs, 1)
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, args=[ours], daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        self._reader.join(_PATIENCE)

    def text(self) -> str:
        """The end of what was written."""
        return bytes(self._end[-_MOST:]).decode(errors="replace")

    def write_through(self, data: bytes) -> None:
        """Write to standard output as it was before; OSError."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._real, view) :]

    def _read(self, pipe: int) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(pipe, _READ):
                self.size += len(data)
                self._end += data
                del self._end[: -2 * _MOST]
