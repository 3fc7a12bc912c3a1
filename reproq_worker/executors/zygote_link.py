"""The supervisor's end of the zygote: starts it, commands it, hears its events."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from reproq_worker.executors import secrets

_START_MODULE = "reproq_worker.executors.zygote"


class ZygoteLink:
    """One running zygote process."""

    def __init__(self, on_event: Callable[[dict[str, Any]], None], on_gone: Callable[[], None]):
        self._on_event = on_event
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._text = b""
        #: Commands that the socket did not take yet, each with the descriptors it carries.
        self._unsent: deque[tuple[bytes, list[int]]] = deque()
        self._closed = False

    def start(self, settings: dict[str, Any], environment: dict[str, str]) -> None:
        """Start the process and hand it its settings."""
        hidden, visible = secrets.apart(environment)
        self._control, theirs = socket.socketpair()
        arguments = ["-m", _START_MODULE, str(theirs.fileno()), str(os.getpid())]
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env=visible,
            # A Ctrl-C in the terminal is the supervisor's to handle.
            start_new_session=True,
        )
        theirs.close()
        self._control.setblocking(False)
        self._loop.add_reader(self._control, self._read)
        given = settings | {"sys_path": sys.path, "environment": hidden}
        self._send(json.dumps(given).encode() + b"\n")

    def fork(self, slot: int, descriptors: list[int], program: list[str] | None = None) -> None:
        """Ask for a child, or a program, with these as channel or input, output and error.

        They are closed here when they were sent.
        """
        words = f" {json.dumps(program)}" if program else ""
        self._send(f"fork {slot}{words}\n".encode(), descriptors)

    def signal(self, pid: int, number: int) -> None:
        """Signal the process group of a child."""
        self._send(b"signal %d %d\n" % (pid, number))

    def close(self) -> None:
        """End the zygote and with it every child, and wait for its end."""
        self._detach()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, line: bytes, descriptors: Sequence[int] = ()) -> None:
        if self._closed:
            _close_all(descriptors)
            return
        self._unsent.append((line, list(descriptors)))
        self._flush()

    def _flush(self) -> None:
        while self._unsent:
            line, descriptors = self._unsent[0]
            try:
                sent = self._send_some(line, descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._control, self._flush)
                return
            except OSError:
                return  # gone: the reader notices and says so
            _close_all(descriptors)
            if sent < len(line):
                self._unsent[0] = (line[sent:], [])
            else:
                self._unsent.popleft()
        self._loop.remove_writer(self._control)

    def _send_some(self, line: bytes, descriptors: list[int]) -> int:
        if not descriptors:
            return self._control.send(line)
        return socket.send_fds(self._control, [line], descriptors)

    def _read(self) -> None:
        try:
            data = self._control.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            self._on_event(json.loads(line))
        if not data:
            self._gone()

    def _gone(self) -> None:
        if not self._closed:
            self._detach()
            self._process.kill()
            self._process.wait()
            self._on_gone()

    def _detach(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._control)
            self._loop.remove_writer(self._control)
            self._control.close()
            for _, descriptors in self._unsent:
                _close_all(descriptors)


def _close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
