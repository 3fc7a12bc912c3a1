"""Token buckets and the other settings of operators, as the model knows them."""

from dataclasses import dataclass

from tests.model.run import Run

MINUTE = 60
CENTURY = 100 * 365.25 * 24 * 3600


@dataclass
class Bucket:
    """Rates and seconds are sums of powers of two, so that tokens are exact."""

    rate: float
    burst: int
    tokens: float
    refilled: int

    @property
    def enabled(self) -> bool:
        return self.rate > 0 and self.burst > 0

    def refill(self, now: int) -> float:
        elapsed = max(0, now - self.refilled)
        self.tokens = min(self.burst, self.tokens + elapsed * self.rate)
        self.refilled = now
        return self.tokens


class Limits:
    """What operators have set: paused queues, what waiting is worth there, buckets."""

    def __init__(self) -> None:
        self.paused: set[str] = set()
        self.aging: dict[str, int | None] = {}
        self.buckets: dict[str, Bucket] = {}

    def seconds_a_point(self, queue: str) -> float:
        aging = self.aging.get(queue)
        return MINUTE if aging is None else aging or CENTURY

    def set_rate(self, key: str, rate: float, burst: int, now: int) -> None:
        old = self.buckets.get(key)
        was_enabled = old is not None and old.enabled
        tokens = min(old.refill(now), burst) if was_enabled else burst
        self.buckets[key] = Bucket(rate, burst, tokens, now)

    def bucket_key(self, run: Run) -> str | None:
        for key in (f"task:{run.task}", f"queue:{run.queue}", "global"):
            if key in self.buckets and self.buckets[key].enabled:
                return key
        return None

    def bucket(self, run: Run) -> Bucket | None:
        """The one that a start of this run is paid from."""
        return self.buckets.get(self.bucket_key(run))

    def has_token(self, run: Run, now: int) -> bool:
        bucket = self.bucket(run)
        return bucket is None or bucket.refill(now) >= 1

    def spend(self, run: Run, now: int) -> None:
        if bucket := self.bucket(run):
            assert bucket.refill(now) >= 1, f"{run} was started without a token"
            bucket.tokens -= 1
