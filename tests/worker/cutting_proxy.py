"""A proxy in front of Postgres that cuts connections inside COMMIT."""

import contextlib
import socket
import struct
import threading
from typing import Self

#: Questions that come before the startup packet: may we have SSL, or GSSAPI?
_QUESTIONS = (80877103, 80877104)


class _Commits:
    """Finds the ends of transactions in what a client sends, also of prepared statements.

    A COMMIT is one. So is the end of a batch without `begin` in which a function of the queue was
    called: to the server that batch is a transaction.
    """

    def __init__(self) -> None:
        self._unread = b""
        self._has_begun = False
        self._statements: dict[bytes, bytes] = {}
        self._bound = b""
        self._is_open = False
        self._batch_works = False

    def are_in(self, data: bytes) -> bool:
        """Whether one is complete with this data."""
        self._unread += data
        while not self._has_begun and len(self._unread) >= 8:
            length, code = struct.unpack("!ii", self._unread[:8])
            self._unread = self._unread[length:]
            self._has_begun = code not in _QUESTIONS
        found = False
        while self._has_begun and len(self._unread) >= 5:
            kind, length = struct.unpack("!ci", self._unread[:5])
            if len(self._unread) <= length:
                break
            body, self._unread = self._unread[5 : length + 1], self._unread[length + 1 :]
            found |= self._is_commit(kind, body)
        return found

    def _is_commit(self, kind: bytes, body: bytes) -> bool:
        match kind:
            case b"Q":
                return self._runs(body.rstrip(b"\0"))
            case b"P":
                name, text = body.split(b"\0")[:2]
                self._statements[name] = text
            case b"B":
                self._bound = self._statements.get(body.split(b"\0")[1], b"")
            case b"E":
                return self._runs(self._bound)
            case b"S":
                ends, self._batch_works = self._batch_works, False
                return ends and not self._is_open
        return False

    def _runs(self, statement: bytes) -> bool:
        word = statement.split(b" ")[0].lower()
        if word in (b"begin", b"commit", b"rollback"):
            self._is_open = word == b"begin"
            self._batch_works = False
        self._batch_works |= b" reproq_" in statement
        return word == b"commit"


class CuttingProxy:
    """Passes everything on, but of every n-th COMMIT nobody hears the end, `cuts` times.

    In turn the server gets the COMMIT and its answer is lost, or the COMMIT itself is lost.
    """

    def __init__(self, port: int, cuts: int, every: int = 1) -> None:
        self._server_port = port
        self.cuts_left = cuts
        self._every = every
        self._commits = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                threading.Thread(target=self._up, args=[client, server], daemon=True).start()
                threading.Thread(target=self._down, args=[server, client], daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        commits = _Commits()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                cut = self._cut() if commits.are_in(data) else None
                if cut is not None:
                    # Deaf to the answer before the question is asked.
                    client.shutdown(socket.SHUT_RDWR)
                if cut != "before":
                    server.sendall(data)
                if cut is not None:
                    break
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> str | None:
        with self._lock:
            self._commits += 1
            if self.cuts_left == 0 or self._commits % self._every:
                return None
            self.cuts_left -= 1
            return ("before", "after")[self.cuts_left % 2]

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
