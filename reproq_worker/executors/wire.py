"""Frames on a stream: four bytes of length, then that many bytes.

A run or an outcome is a JSON object. Before an outcome a child may send a note of one byte.
A child works on the bare descriptor: a socket object costs a fork a tenth of a millisecond.
"""

import os
import struct
from collections.abc import Iterator

#: The run has written something that still lies in a pipe.
OUTPUT_WAITS = b"o"
#: The child leaves after the outcome that follows, and may have written something.
LEAVING = b"l"

_LENGTH = struct.Struct("!I")
_CHUNK = 1 << 18


def frame(body: bytes) -> bytes:
    """The bytes to send for one message."""
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: int) -> bytes | None:
    """Block for one message; None when the other end is gone."""
    head = _read_exactly(stream, _LENGTH.size)
    return None if head is None else _read_exactly(stream, _LENGTH.unpack(head)[0])


def write(stream: int, data: bytes) -> None:
    """Block until all of it is written."""
    sent = os.write(stream, data)
    while sent < len(data):
        data = data[sent:]
        sent = os.write(stream, data)


def _read_exactly(stream: int, size: int) -> bytes | None:
    data = os.read(stream, size)
    if len(data) == size:
        return data
    parts = bytearray(data)
    while data and len(parts) < size:
        data = os.read(stream, min(size - len(parts), _CHUNK))
        parts += data
    return bytes(parts) if len(parts) == size else None


class FrameBuffer:
    """Collects what arrives and gives back whole messages."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each message that `data` completes."""
        self._data += data
        while len(self._data) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._data)[0]
            if len(self._data) < end:
                return
            body = bytes(self._data[_LENGTH.size : end])
            del self._data[:end]
            yield body
