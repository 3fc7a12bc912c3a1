"""The three addresses, as an ASGI application."""

from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from reproq_worker import __version__
from reproq_worker.logs import log
from reproq_worker.monitor.events import Hub
from reproq_worker.monitor.guard import Guard
from reproq_worker.monitor.metrics import Metrics

_STREAM_HEADERS = {
    "Cache-Control": "no-cache",
    "Connection": "keep-alive",
    "X-Accel-Buffering": "no",
}
_LARGEST_ID = 2**63 - 1


def application(
    guard: Guard,
    metrics: Metrics,
    hub: Hub,
    is_alive: Callable[[], bool],
    is_ready: Callable[[], Awaitable[bool]],
) -> ASGIApp:
    """What the monitor serves."""

    async def show_metrics(request: Request) -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    async def live(request: Request) -> Response:
        return _health(is_alive())

    async def ready(request: Request) -> Response:
        return _health(is_alive() and await is_ready())

    async def events(request: Request) -> Response:
        query = request.query_params
        task_id = query.get("task_id") or None
        if task_id is not None and not _is_id(task_id):
            raise HTTPException(400, "invalid task_id")
        stream = hub.stream(
            query.get("queue") or None,
            query.get("worker_id") or None,
            int(task_id) if task_id else None,
        )
        if request.method == "HEAD":
            return Response(media_type="text/event-stream", headers=_STREAM_HEADERS)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_STREAM_HEADERS)

    routes = [
        Route("/metrics", show_metrics),
        Route("/healthz", ready),
        Route("/healthz/ready", ready),
        Route("/healthz/live", live),
        Route("/events", events),
    ]
    faults = {HTTPException: _refuse, Exception: _apologise}
    app = Starlette(routes=routes, exception_handlers=faults)
    app.router.redirect_slashes = False
    return _Guarded(app, guard)


class _Guarded:
    """Asks the guard before anything else is looked at."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["client"][0] if scope.get("client") else None
        headers = dict(scope["headers"])
        refusal = self._guard.refusal(address, headers.get(b"authorization", b""))
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, reason = refusal
        log.warning(
            "request refused",
            extra={
                "path": scope["path"],
                "method": scope["method"],
                "remote_addr": address,
                "reason": reason,
                "rate_limited": status == 429,
            },
        )
        extra = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        await JSONResponse({"error": reason}, status, extra)(scope, receive, send)


def _health(good: bool) -> Response:
    if good:
        return JSONResponse({"status": "ok", "version": __version__})
    return JSONResponse({"status": "unhealthy", "version": __version__}, 503)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= _LARGEST_ID


def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail.lower()}, error.status_code, error.headers)


def _apologise(request: Request, error: Exception) -> Response:
    log.error("request failed: %s", type(error).__name__, extra={"path": request.url.path})
    return JSONResponse({"error": "internal error"}, 500)
