"""What the JSON views share: who is let in, and that every answer is JSON."""

import logging
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import DatabaseError, connections, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from reproq_worker.errors import InvalidArgument, ReproqError

from .. import access, web_settings

logger = logging.getLogger("reproq.http")


class Answered(Exception):
    """There is an answer already, and nothing further is to be done."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.response = response


class Refusal(Answered):
    """An answer that is no success: a status, and what its body says."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(JsonResponse({"error": error} | more, status=status))


class JsonView(View):
    """Answers in JSON whatever happens; open to everybody but for `admit`.

    CSRF is asked for where a session lets somebody in, and not where a token does: a browser sends
    the one by itself.
    """

    http_method_names = ("get", "head", "post")

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The view, outside ATOMIC_REQUESTS: what a task has done must outlive its request."""
        view = csrf_exempt(super().as_view(**initkwargs))
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request."""
        try:
            if not hasattr(self, str(request.method).lower()):
                return self.http_method_not_allowed(request)
            self.admit(request)
            response = super().dispatch(request, *args, **kwargs)
        except Exception as error:
            response = answer_to(error, request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def admit(self, request: HttpRequest) -> None:
        """Raise Refusal for whoever may not."""

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """405, in JSON."""
        allowed = ", ".join(n.upper() for n in self.http_method_names if hasattr(self, n))
        return JsonResponse({"error": "method not allowed"}, status=405, headers={"Allow": allowed})


class GuardedView(JsonView):
    """Answers staff with a session, and programs with a token."""

    #: Whether a terminal's JWT lets it in.
    takes_signed = True

    def admit(self, request: HttpRequest) -> None:
        """Let staff and tokens in."""
        caller = access.identify(request, self.secret(), signed=self.takes_signed)
        if caller is None or (caller.user is not None and not self.may(caller.user)):
            raise Refusal(403, "Unauthorized")
        if caller.user is not None:
            check_csrf(request)

    def secret(self) -> str:
        """The token that lets programs in."""
        return web_settings.token()

    def may(self, user: Any) -> bool:
        """Whether this user is let in."""
        return bool(user.is_staff)


def answer_to(error: Exception, request: HttpRequest) -> HttpResponseBase:
    """What an exception is answered with."""
    match error:
        case Answered():
            return error.response
        case access.TooManyFailures():
            headers = {"Retry-After": str(error.seconds)}
            return JsonResponse({"error": "rate limited"}, status=429, headers=headers)
        case Http404():
            return JsonResponse({"error": "not found"}, status=404)
        case InvalidArgument():
            return JsonResponse({"error": str(error)}, status=400)
        case DatabaseError() | ReproqError():
            logger.warning("%s: the database refused: %s", request.path, type(error).__name__)
            return JsonResponse({"error": "database unavailable"}, status=503)
        case BadRequest() | SuspiciousOperation() | MultiPartParserError() | UnreadablePostError():
            return JsonResponse({"error": "bad request"}, status=400)
        case _:
            logger.exception("%s failed", request.path)
            return JsonResponse({"error": "internal error"}, status=500)


def check_csrf(request: HttpRequest) -> None:
    """Refuse what another site has made a browser send."""
    check = _CsrfCheck(lambda _: HttpResponse())
    check.process_request(request)
    if reason := check.process_view(request, HttpResponse, (), {}):
        raise Refusal(403, str(reason))


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:
        return f"CSRF verification failed: {reason}"
