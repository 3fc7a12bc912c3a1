"""How a terminal gets a token without typing a password: RFC 8628, with nothing to store at first.

The terminal asks for a code and shows it; a superuser who has logged in compares and approves it;
the terminal, asking again with its code, gets the token, once.

A code is `<8 hex digits to compare><128 bits that only the terminal knows>`, with the time and a
signature. The link that is opened in the browser names the first part and a digest of the second:
whoever sees it cannot fetch the token. Both say themselves until when they hold. What all web
processes must know, that a code is approved and that its token has been fetched, is kept where
Django keeps sessions, which they share already.
"""

import hashlib
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, SessionBase
from django.core import signing

#: So long a code may be approved, and so long after that its token may be fetched.
CODE_SECONDS = 600
FETCH_SECONDS = 300
TOKEN_SECONDS = 30 * 24 * 3600

_SHOWN = 8
_SECRET = 32
_terminal = signing.TimestampSigner(salt="reproq.pairing.terminal", sep=".")
_browser = signing.TimestampSigner(salt="reproq.pairing.browser", sep=".")


class Expired(Exception):
    """The code is too old, its token has been fetched, or (`is_forged`) it was never given out."""

    is_forged = False


class NotStored(Exception):
    """The project keeps sessions in cookies, where no other process sees them."""


@dataclass(frozen=True)
class Pairing:
    """A code that has been given out."""

    #: What terminal and browser both show.
    shown: str
    #: What the terminal knows, digested: the key of what is stored.
    digest: str

    def approve(self, user_id: str) -> None:
        """Let the terminal fetch a token of this user. Expired where it has been fetched."""
        if self._is_fetched():
            raise Expired
        with suppress(CreateError):  # approved before
            self._create("approved", {"user_id": user_id, "at": now()})

    def approved_by(self) -> str | None:
        """The user who has approved it, None while nobody has. Expired after FETCH_SECONDS."""
        if self._is_fetched():
            raise Expired
        said = self._store("approved").load()
        if not said:
            return None
        if now() - said["at"] > FETCH_SECONDS:
            raise Expired
        return str(said["user_id"])

    def fetch(self) -> None:
        """Note that the token is handed out. Expired for everybody but the first."""
        try:
            self._create("fetched", {})
        except CreateError:
            raise Expired from None

    def _is_fetched(self) -> bool:
        return bool(self._store("fetched").exists(self._key("fetched")))

    def _create(self, what: str, said: dict[str, Any]) -> None:
        """Keep it; CreateError where it exists, whoever comes at the same time."""
        store = self._store(what)
        store.clear()
        store.update(said)
        store.set_expiry(CODE_SECONDS + FETCH_SECONDS)
        store.save(must_create=True)

    def _store(self, what: str) -> SessionBase:
        """A session that is nobody's. (Its key, as a cookie, would be that of nobody.)"""
        engine = import_module(settings.SESSION_ENGINE)
        store: SessionBase = engine.SessionStore(self._key(what))
        return store

    def _key(self, what: str) -> str:
        return hashlib.sha256(f"reproq {what} {self.digest}".encode()).hexdigest()[:32]


def begin() -> tuple[str, str, str]:
    """A new code for a terminal, what of it is compared, and the code for the link."""
    if not is_possible():
        raise NotStored
    shown, secret = secrets.token_hex(_SHOWN // 2), secrets.token_hex(_SECRET // 2)
    return _terminal.sign(shown + secret), shown, _browser.sign(shown + _digest(secret))


def of_terminal(code: str) -> Pairing:
    """The pairing that a terminal's code names. Expired."""
    value = _unsigned(_terminal, code, CODE_SECONDS + FETCH_SECONDS)
    return Pairing(value[:_SHOWN], _digest(value[_SHOWN:]))


def of_browser(code: str) -> Pairing:
    """The pairing that the code of a link names. Expired."""
    value = _unsigned(_browser, code, CODE_SECONDS)
    return Pairing(value[:_SHOWN], value[_SHOWN:])


def is_possible() -> bool:
    """Whether sessions are kept where every web process sees them."""
    return not settings.SESSION_ENGINE.endswith("signed_cookies")


def now() -> int:
    """Seconds since 1970."""
    return int(time.time())


def _unsigned(signer: signing.TimestampSigner, code: str, seconds: int) -> str:
    try:
        return signer.unsign(code, max_age=seconds)
    except signing.BadSignature as error:
        expired = Expired()
        expired.is_forged = not isinstance(error, signing.SignatureExpired)
        raise expired from None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
