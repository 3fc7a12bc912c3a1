"""How far to claim ahead: what will start within a tenth of a second, and no more.

And no more than fits: a thousand runs with a megabyte of arguments each would take a gigabyte.
"""

from collections.abc import Iterable

from reproq_worker.held import Held

#: One claim asks for no more.
MAX_CLAIM = 500
_HORIZON = 0.1
_MAX_AHEAD = 1000
_FASTEST = 0.0001
_WEIGHT = 0.1
#: What is held beside the slots, arguments and results, may take about so many bytes. Python and
#: libpq have more than one copy of some of it for a moment.
_MAX_BYTES = 32 << 20


class Pace:
    """Estimates from recent runs how many will start soon, and how many fit."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._usual: float | None = None
        self._bytes = 0.0

    def observe(self, seconds: float, size: int) -> None:
        """A run has taken so long, and so many bytes for its arguments and its result."""
        if self._usual is None:
            self._usual = seconds
            self._bytes = size
        else:
            self._usual += (seconds - self._usual) * _WEIGHT
            self._bytes += (size - self._bytes) * _WEIGHT

    def ahead(self, running: Iterable[Held], now: float, undelivered: int) -> int:
        """How many runs beyond the free slots are worth holding.

        Less than none where the results that are still to be delivered take up the room.

        A slot that has been busy for longer than usual is expected to stay so for as long again:
        runs must not wait here behind slow ones while another worker is idle.
        """
        if self._usual is None:
            return 0
        usual = max(self._usual, _FASTEST)
        rates = [1 / max(usual, now - run.started_at) for run in running]
        rate = sum(rates) + (self._concurrency - len(rates)) / usual
        fitting = int(_MAX_BYTES / max(self._bytes, 1)) - undelivered
        return min(_MAX_AHEAD, int(rate * _HORIZON), fitting)
