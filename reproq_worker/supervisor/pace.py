"""How far to claim ahead: what will start within a tenth of a second, and no more."""

from collections.abc import Iterable

from reproq_worker.held import Held

#: One claim asks for no more.
MAX_CLAIM = 500
_HORIZON = 0.1
_MAX_AHEAD = 1000
_FASTEST = 0.0001
_WEIGHT = 0.1


class Pace:
    """Estimates from recent durations how many runs will start soon."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._usual: float | None = None

    def observe(self, seconds: float) -> None:
        """A run has taken so long."""
        if self._usual is None:
            self._usual = seconds
        else:
            self._usual += (seconds - self._usual) * _WEIGHT

    def ahead(self, running: Iterable[Held], now: float) -> int:
        """How many runs beyond the free slots are worth holding.

        A slot that has been busy for longer than usual is expected to stay so for as long again:
        runs must not wait here behind slow ones while another worker is idle.
        """
        if self._usual is None:
            return 0
        usual = max(self._usual, _FASTEST)
        rates = [1 / max(usual, now - run.started_at) for run in running]
        rate = sum(rates) + (self._concurrency - len(rates)) / usual
        return min(_MAX_AHEAD, int(rate * _HORIZON))
