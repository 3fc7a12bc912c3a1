"""Who is answered: the list of addresses, bearer tokens, and what becomes of guessing."""

import hmac
import ipaddress
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable

import jwt

from reproq_worker.monitor.config import MonitorConfig

AUDIENCES = ["reproq-tui", "reproq-worker"]
ISSUER = "reproq-django"


class Guard:
    """Decides about requests. One for each monitor: it remembers who has failed."""

    def __init__(self, config: MonitorConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = config.auth_token.encode() if config.auth_token else None
        self._signing_key = config.jwt_secret or config.auth_token
        self._networks = config.networks()
        self._throttle = Throttle(config, clock)

    def refusal(self, address: str | None, authorization: bytes) -> tuple[int, str] | None:
        """Status and reason when a request is refused, else None."""
        if self._networks and not self._is_listed(address):
            return 403, "forbidden"
        if self._token is None:
            return None
        host = address or ""
        # Before the token is looked at: whoever guesses must not learn that one was right.
        if self._throttle.is_full(host):
            return 429, "rate limited"
        if self._is_right(authorization):
            return None
        self._throttle.count(host)
        return 401, "unauthorized"

    def _is_listed(self, address: str | None) -> bool:
        try:
            ip = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        return any(ip in network for network in self._networks)

    def _is_right(self, authorization: bytes) -> bool:
        scheme, _, token = authorization.strip().partition(b" ")
        token = token.strip()
        if scheme.lower() != b"bearer" or not token or self._token is None:
            return False
        return hmac.compare_digest(token, self._token) or self._is_signed(token)

    def _is_signed(self, token: bytes) -> bool:
        if token.count(b".") != 2:
            return False
        try:
            with warnings.catch_warnings():
                # About keys shorter than 32 bytes, once for each request; the docs say it instead.
                warnings.simplefilter("ignore")
                claims = jwt.decode(
                    token,
                    self._signing_key,
                    algorithms=["HS256"],
                    audience=AUDIENCES,
                    options={"require": ["exp", "aud"]},
                )
        except (jwt.PyJWTError, ValueError):
            return False
        return claims.get("superuser") is True and claims.get("iss", ISSUER) == ISSUER


class Throttle:
    """Counts failures of each address in a fixed window."""

    def __init__(self, config: MonitorConfig, clock: Callable[[], float]) -> None:
        self._limit = config.auth_limit
        self._window = config.auth_window
        self._max_entries = config.auth_max_entries
        self._clock = clock
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def is_full(self, host: str) -> bool:
        """Whether this address has failed too often within its window."""
        began, number = self._failures.get(host, (0.0, 0))
        return number >= self._limit and self._clock() < began + self._window

    def count(self, host: str) -> None:
        """One more failure."""
        now = self._clock()
        began, number = self._failures.pop(host, (now, 0))
        if now >= began + self._window:
            began, number = now, 0
        self._failures[host] = began, number + 1
        while len(self._failures) > self._max_entries:
            self._failures.popitem(last=False)
