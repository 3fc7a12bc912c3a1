"""tui/pair/, tui/pair/<code>/, tui/config/: what a terminal asks before it has a token."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from .. import access, pairing, web_settings, worker_urls
from .base import JsonView, Refusal

_POLL_SECONDS = 2


class TuiView(JsonView):
    """Is not there where no program is answered: without METRICS_AUTH_TOKEN."""

    def admit(self, request: HttpRequest) -> None:
        """404 without a token in the settings."""
        refuse_without_token()


class ConfigView(TuiView):
    """GET: where the worker's monitor is."""

    def get(self, request: HttpRequest) -> JsonResponse:
        """The addresses."""
        return JsonResponse(_config(request))


class PairView(TuiView):
    """GET or POST: a code for a terminal, and the link at which a superuser approves it."""

    def get(self, request: HttpRequest) -> JsonResponse:
        """A new code, also by its names in RFC 8628."""
        _tokens()  # rather now than when somebody has approved it
        try:
            code, shown, linked = pairing.begin()
        except pairing.NotStored:
            hint = "Use a SESSION_ENGINE other than signed_cookies."
            raise Refusal(503, "sessions are kept in cookies", hint=hint) from None
        page = request.build_absolute_uri(url(request, "reproq-tui-authorize"))
        verify_url = f"{page}?{urlencode({'code': linked})}"
        return JsonResponse(
            {
                "code": code,
                "verify_url": verify_url,
                "expires_at": pairing.now() + pairing.CODE_SECONDS,
                "device_code": code,
                "user_code": shown,
                "verification_uri": page,
                "verification_uri_complete": verify_url,
                "expires_in": pairing.CODE_SECONDS,
                "interval": _POLL_SECONDS,
            }
            | _config(request)
        )

    post = get


class PollView(TuiView):
    """GET: whether a code is approved, and then, once, its token."""

    def get(self, request: HttpRequest, code: str) -> JsonResponse:
        """pending, approved with the token, or 404 expired."""
        access.check_failures(request)
        try:
            found = pairing.of_terminal(code)
        except pairing.Expired as error:
            if error.is_forged:
                access.count_failure(request)
            return _expired()
        try:
            user_id = found.approved_by()
            if user_id is None:
                return JsonResponse({"status": "pending"})
            user = access.superuser(user_id)
            if user is None:
                return _expired()
            found.fetch()
        except pairing.Expired:
            return _expired()
        token, expires_at = _issue(user)
        return JsonResponse({"status": "approved", "token": token, "expires_at": expires_at})


def refuse_without_token() -> None:
    """404 where METRICS_AUTH_TOKEN is empty."""
    if not web_settings.token():
        raise Refusal(404, "tui auth disabled")


def url(request: HttpRequest, name: str, *args: Any) -> str:
    """The path of a page beside the one that is asked for, wherever the urls are included."""
    match = request.resolver_match
    return reverse(f"reproq:{name}", args=args, current_app=match.namespace if match else None)


def _config(request: HttpRequest) -> dict[str, object]:
    return worker_urls.config(
        lambda kind: request.build_absolute_uri(url(request, f"reproq-tui-{kind}"))
    )


def _issue(user: Any) -> tuple[str, int]:
    key, name = web_settings.signing_key(), user.get_username()
    token: tuple[str, int] = _tokens().issue(key, str(user.pk), name, pairing.TOKEN_SECONDS)
    return token


def _tokens() -> Any:
    try:
        from reproq_worker.monitor import tokens
    except ImportError:
        raise Refusal(503, "PyJWT is missing", hint="pip install 'reproq[metrics]'") from None
    return tokens


def _expired() -> JsonResponse:
    return JsonResponse({"status": "expired"}, status=404)
