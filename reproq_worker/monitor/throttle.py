"""Who has shown wrong tokens too often."""

from collections import OrderedDict
from collections.abc import Callable


class Throttle:
    """Counts failures of each address in a fixed window, for `max_entries` addresses."""

    def __init__(
        self, limit: int, window: float, max_entries: int, clock: Callable[[], float]
    ) -> None:
        self._limit = limit
        self._window = window
        self._max_entries = max_entries
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
