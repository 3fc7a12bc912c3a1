"""stats/ and stress-test/."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.tasks import default_task_backend

from .. import access, stats
from ..tasks import debug_noop_task
from .base import GuardedView, JsonView, Refusal, check_csrf
from .fields import whole_number

_MOST = 10_000


class StatsView(GuardedView):
    """GET: how the queues stand."""

    def get(self, request: HttpRequest) -> JsonResponse:
        """All of it."""
        try:
            return JsonResponse(stats.gather())
        except stats.Unavailable:
            raise Refusal(503, "database unavailable") from None


class StressTestView(JsonView):
    """POST: enqueue `count` tasks that do nothing; for staff with a session only."""

    def admit(self, request: HttpRequest) -> None:
        """Let staff in."""
        user = access.session_user(request)
        if user is None or not user.is_staff:
            raise Refusal(403, "Unauthorized")
        check_csrf(request)

    def post(self, request: HttpRequest) -> JsonResponse:
        """Enqueue them."""
        count = whole_number(request.POST, "count", 100, least=1, most=_MOST)
        task = debug_noop_task.using(dedup=False)
        calls: list[Any] = [(task, (), {})] * count
        bulk = getattr(default_task_backend, "bulk_enqueue", None)
        if bulk is None:
            raise Refusal(400, "the default backend is not reproq's")
        return JsonResponse({"ok": True, "enqueued": len(bulk(calls))})
