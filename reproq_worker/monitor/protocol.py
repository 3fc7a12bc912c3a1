"""uvicorn's HTTP connection, with patience that ends."""

import asyncio
import json
import sys

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: A request must be there within so many seconds.
_HEADER_SECONDS = 5.0
#: Whoever takes nothing of an answer for so long is dropped.
_WRITE_SECONDS = 10.0


class PatientProtocol(H11Protocol):
    """Closes connections that send their request too slowly or do not read the answer."""

    _header_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._header_timer = _cancelled(self._header_timer)
        elif self._header_timer is None:  # the beginning of another request
            self._expect_request()

    def on_response_complete(self) -> None:
        self._header_timer = _cancelled(self._header_timer)
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self.loop.call_later(_WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._write_timer = _cancelled(self._write_timer)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._header_timer = _cancelled(self._header_timer)
        self._write_timer = _cancelled(self._write_timer)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, or one whose head is too large (431), in JSON."""
        error = sys.exc_info()[1]
        status = getattr(error, "error_status_hint", 400)
        body = json.dumps({"error": "headers too large" if status == 431 else "bad request"})
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        for event in (
            h11.Response(status_code=status, headers=headers),
            h11.Data(data=body.encode()),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _expect_request(self) -> None:
        self._header_timer = self.loop.call_later(_HEADER_SECONDS, self.transport.abort)


def _cancelled(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
