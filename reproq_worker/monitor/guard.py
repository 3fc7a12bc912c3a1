"""Who is answered: the list of addresses, bearer tokens, and what becomes of guessing."""

import hmac
import ipaddress
import time
from collections.abc import Callable

from reproq_worker.monitor import tokens
from reproq_worker.monitor.config import MonitorConfig
from reproq_worker.monitor.throttle import Throttle


class Guard:
    """Decides about requests. One for each monitor: it remembers who has failed."""

    def __init__(self, config: MonitorConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = config.auth_token.encode() if config.auth_token else None
        self._signing_key = config.jwt_secret or config.auth_token or ""
        self._networks = config.networks()
        self._throttle = Throttle(
            config.auth_limit, config.auth_window, config.auth_max_entries, clock
        )

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
        if hmac.compare_digest(token, self._token):
            return True
        return tokens.claims(token, self._signing_key) is not None
