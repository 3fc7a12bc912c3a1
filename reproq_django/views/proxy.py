"""tui/metrics/, tui/healthz/, tui/events/: what a worker's monitor says, passed on."""

import asyncio
import http.client
import logging
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .. import access, web_settings, worker_urls
from .base import GuardedView, Refusal
from .pairing import refuse_without_token

logger = logging.getLogger("reproq.http")

_SECONDS = 5.0
_EVENT_SECONDS = 30.0
_MOST_BYTES = 16 * 1024 * 1024
_REQUEST_IDS = ("X-Request-ID", "X-Render-Request-ID", "X-Amzn-Trace-Id")
_STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class ProxyView(GuardedView):
    """GET: what the worker answers, with its status."""

    kind = ""
    label = ""

    def admit(self, request: HttpRequest) -> None:
        """As the stats, where a token is set; and only what is configured."""
        refuse_without_token()
        super().admit(request)
        if web_settings.is_low_on_memory():
            raise Refusal(
                503,
                f"{self.label} disabled (LOW_MEMORY_MODE enabled)",
                hint="Unset LOW_MEMORY_MODE to re-enable metrics/health/events.",
            )

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Ask the worker."""
        target = worker_urls.target(self.kind)
        if target is None:
            raise Refusal(404, f"{self.label} not configured")
        began = time.monotonic()
        status = 502
        try:
            response = self.pass_on(request, target)
            status = response.status_code
            return response
        except TimeoutError:
            status = 504
            raise Refusal(504, f"{self.label} proxy timeout") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise Refusal(502, f"{self.label} proxy failed") from None
        finally:
            _log(request, self.kind, status, began, target)

    def pass_on(self, request: HttpRequest, target: str) -> HttpResponseBase:
        """The worker's answer, whole."""
        answer = ask(target, _SECONDS)
        try:
            body = answer.read(_MOST_BYTES)
        finally:
            answer.close()
        content_type = answer.getheader("Content-Type", "text/plain; charset=utf-8")
        return HttpResponse(body, status=answer.status, content_type=content_type)


class MetricsView(ProxyView):
    """The worker's metrics."""

    kind = label = "metrics"


class HealthView(ProxyView):
    """The worker's health."""

    kind = "healthz"
    label = "health"


class EventsView(ProxyView):
    """The worker's events, as they come."""

    kind = label = "events"

    def admit(self, request: HttpRequest) -> None:
        """Only where events are not switched off."""
        super().admit(request)
        if not worker_urls.has_events():
            raise Refusal(404, "events disabled")

    def pass_on(self, request: HttpRequest, target: str) -> HttpResponseBase:
        """The worker's answer, piece by piece."""
        query = request.META.get("QUERY_STRING", "")
        answer = ask(f"{target}?{query}" if query else target, _EVENT_SECONDS)
        if answer.status != 200:
            body, status = answer.read(_MOST_BYTES), answer.status
            answer.close()
            return HttpResponse(body, status=status, content_type=answer.getheader("Content-Type"))
        if request.method == "HEAD":
            answer.close()
            return HttpResponse(content_type="text/event-stream", headers=_STREAM_HEADERS)
        # (Under ASGI an ordinary iterator would be read to its end before anything is sent.)
        pieces: Any = _apieces(answer) if isinstance(request, ASGIRequest) else _pieces(answer)
        return StreamingHttpResponse(
            pieces, content_type="text/event-stream", headers=_STREAM_HEADERS
        )


def ask(url: str, seconds: float) -> http.client.HTTPResponse:
    """The worker's answer to a GET with our token; its body is to be read, and it to be closed.

    Nothing is followed and no proxy of the environment is asked: the token is for the worker.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Authorization": f"Bearer {web_settings.token()}", "Connection": "close"}
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while piece := _piece(answer):
            yield piece
    finally:
        answer.close()


async def _apieces(answer: http.client.HTTPResponse) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(_piece, answer):
            yield piece
    finally:
        # In a thread: it waits for the one that reads, and this may be the end of a cancelled task.
        asyncio.get_running_loop().run_in_executor(None, answer.close)


def _piece(answer: http.client.HTTPResponse) -> bytes:
    """What has come, or nothing at the end, which a worker that is gone makes as well."""
    try:
        return answer.read1(65536)
    except (OSError, http.client.HTTPException):
        return b""


def _log(request: HttpRequest, kind: str, status: int, began: float, target: str) -> None:
    forwarded = request.headers.get("X-Forwarded-For", "").partition(",")[0].strip()
    ids = [request.headers[name] for name in _REQUEST_IDS if name in request.headers]
    parts = urlsplit(target)
    logger.info(
        "reproq_tui_proxy kind=%s status=%s duration_ms=%d target=%s client=%s request_id=%s",
        kind,
        status,
        (time.monotonic() - began) * 1000,
        parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl(),
        _one_word(forwarded or access.address(request)),
        _one_word(ids[0] if ids else ""),
    )


def _one_word(text: str) -> str:
    """A header's value as it may stand in a log line, which it must not continue."""
    return "".join(c for c in text if c.isprintable() and not c.isspace())[:200] or "-"
