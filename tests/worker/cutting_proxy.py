"""A proxy in front of Postgres that cuts connections inside COMMIT."""

import contextlib
import socket
import threading
from typing import Self

_COMMIT = b"commit\0"


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
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                cut = self._cut() if _COMMIT in data.lower() else None
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
