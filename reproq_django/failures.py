"""How often an address has shown what is wrong: in this process, and in all that share a cache."""

import hashlib
import logging
import time

from django.core.cache import cache

from reproq_worker.monitor.throttle import Throttle

logger = logging.getLogger("reproq.http")


class Failures:
    """Counts failures of each address in a window, by itself and in Django's default cache.

    The cache makes it one count for all web processes where it is one cache for all of them. Where
    it is not, or does not answer, or forgets, each process still has its own.
    """

    def __init__(self, limit: int, window: int, max_entries: int) -> None:
        self._limit = limit
        self._window = window
        self._own = Throttle(limit, window, max_entries, time.monotonic)

    def is_full(self, address: str) -> bool:
        """Whether this address has failed too often within its window."""
        return self._own.is_full(address) or self._everywhere(address) >= self._limit

    def count(self, address: str) -> None:
        """One more failure."""
        self._own.count(address)
        key = _key(address)
        try:
            # The first one sets the window's end, and counting keeps it.
            if not cache.add(key, 1, self._window):
                cache.incr(key)
        except Exception as error:  # A cache has whatever errors its client has.
            logger.debug("failures are not in the cache: %s", type(error).__name__)

    def _everywhere(self, address: str) -> int:
        try:
            return int(cache.get(_key(address), 0))
        except Exception as error:
            logger.debug("failures are not in the cache: %s", type(error).__name__)
            return 0


def _key(address: str) -> str:
    """No address is written down, and no cache refuses the key."""
    return f"reproq:failures:{hashlib.sha256(address.encode()).hexdigest()[:32]}"
