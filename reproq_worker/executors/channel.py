"""The supervisor's end of the stream to one child."""

import asyncio
import socket
from collections.abc import Callable

from reproq_worker.executors import wire

_READ = 1 << 16


class Channel:
    """Sends whole messages without blocking, and reports messages and the end of the stream."""

    def __init__(
        self,
        stream: socket.socket,
        on_message: Callable[[bytes], None],
        on_end: Callable[[], None],
    ) -> None:
        stream.setblocking(False)
        self._stream = stream
        self._on_message = on_message
        self._on_end = on_end
        self._frames = wire.FrameBuffer()
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()
        #: (For a socket it does not know yet, the loop would describe it first.)
        self._descriptor = stream.fileno()
        self._loop.add_reader(self._descriptor, self._read)
        self._open = True

    def send(self, body: bytes) -> None:
        """Send a message; what does not fit now follows when the child reads."""
        data = wire.frame(body)
        if not self._unsent:
            try:
                sent = self._stream.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                return  # the reader sees the end
            if sent == len(data):
                return
            data = data[sent:]
            self._loop.add_writer(self._descriptor, self._flush)
        self._unsent += data

    def drain(self) -> None:
        """Read what a dead child has left behind, now."""
        while self._open and self._read():
            pass

    def close(self) -> None:
        """Stop listening and close the stream."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            self._stream.close()

    def _flush(self) -> None:
        try:
            del self._unsent[: self._stream.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()
        if not self._unsent:
            self._loop.remove_writer(self._descriptor)

    def _read(self) -> bool:
        try:
            data = self._stream.recv(_READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            self._on_end()
            return False
        for body in self._frames.feed(data):
            self._on_message(body)
        return True
