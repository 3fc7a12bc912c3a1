"""Passing on what tasks write to the worker's own standard error."""

import os
import threading
from collections import deque

_STDERR = 2
_MOST = 1 << 20


class PassOn:
    """Writes in a thread: whoever reads the worker's output slowly must not hold the worker up.

    What comes faster than it is read is dropped, and a line says how much.
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._write_on, daemon=True, name="output").start()

    def __call__(self, data: bytes) -> None:
        """Write this soon."""
        with self._changed:
            if self._size > _MOST:
                self._dropped += len(data)
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify()

    def flush(self, seconds: float = 1.0) -> None:
        """Wait for what is left to be written."""
        with self._changed:
            self._changed.wait_for(lambda: not self._size, seconds)

    def _write_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                data, dropped = b"".join(self._waiting), self._dropped
                self._waiting.clear()
                self._dropped = 0
            _write(data)
            if dropped:
                _write(b"\n[%d bytes of output dropped]\n" % dropped)
            with self._changed:
                self._size -= len(data)
                self._changed.notify_all()


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(_STDERR, view) :]
        except BlockingIOError:  # somebody has made the terminal non-blocking
            threading.Event().wait(0.01)
        except OSError:
            return
