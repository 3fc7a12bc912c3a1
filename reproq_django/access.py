"""Who asks over HTTP: somebody with a session of Django, or a program with a token.

Nobody else is answered. A token comes as `Authorization: Bearer ...` or as `X-Reproq-Token`; it is
compared in constant time, and whoever shows wrong ones is refused for a while, right ones too.
"""

import hmac
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from . import web_settings
from .failures import Failures

_LIMIT = 30
_WINDOW_SECONDS = 60
_MOST_ADDRESSES = 1000

failures = Failures(_LIMIT, _WINDOW_SECONDS, _MOST_ADDRESSES)


@dataclass(frozen=True)
class Caller:
    """Who asks: a user with a session, or (None) a program with a token."""

    user: Any = None


class TooManyFailures(Exception):
    """This address has failed too often; `seconds` is for how long it is refused at most."""

    seconds = _WINDOW_SECONDS


def identify(request: HttpRequest, secret: str, *, signed: bool = True) -> Caller | None:
    """Who asks, or None; `secret` is the token that programs show. TooManyFailures.

    With `signed` a JWT is as good. Whoever shows a token is known by it alone, whatever session
    there is besides.
    """
    given = _token(request)
    if given is None:
        user = session_user(request)
        return Caller(user) if user else None
    check_failures(request)
    if _is_secret(given, secret) or (signed and _is_signed(given)):
        return Caller()
    count_failure(request)
    return None


def session_user(request: HttpRequest) -> Any:
    """The user who has logged in, or None."""
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated and user.is_active else None


def check_failures(request: HttpRequest) -> None:
    """TooManyFailures where this address has failed too often."""
    if failures.is_full(address(request)):
        raise TooManyFailures


def count_failure(request: HttpRequest) -> None:
    """Something wrong has come from this address: a token, a code, a password."""
    failures.count(address(request))


def address(request: HttpRequest) -> str:
    """Where a request comes from as the server says; a header could be anything."""
    return str(request.META.get("REMOTE_ADDR") or "")


def _token(request: HttpRequest) -> bytes | None:
    scheme, _, value = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        value = request.headers.get("X-Reproq-Token", "")
    return value.strip().encode("utf-8", "replace") or None


def _is_secret(given: bytes, secret: str) -> bool:
    return bool(secret) and hmac.compare_digest(given, secret.encode())


def _is_signed(given: bytes) -> bool:
    key = web_settings.signing_key()
    if not key or given.count(b".") != 2:
        return False
    try:
        from reproq_worker.monitor import tokens
    except ImportError:  # without PyJWT nobody has been given one
        return False
    claims = tokens.claims(given, key)
    return claims is not None and _is_still_superuser(claims.get("sub"))


def _is_still_superuser(user_id: object) -> bool:
    """Whether a token's user may still what he could when he got it; one without a user may."""
    if user_id is None or not apps.is_installed("django.contrib.auth"):
        return True
    return superuser(user_id) is not None


def superuser(user_id: Any) -> Any:
    """The superuser with this id, or None."""
    from django.contrib.auth import get_user_model

    try:
        user = get_user_model()._default_manager.filter(pk=user_id).first()
    except (TypeError, ValueError, OverflowError, ValidationError):
        return None
    return user if user and user.is_active and user.is_superuser else None
