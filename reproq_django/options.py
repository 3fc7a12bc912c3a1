"""The values that options of a task may take: one reader for each kind of option.

Each takes the option's name and what the user gave, and returns the value as a spec needs it, or
raises TypeError or ValueError that names the option.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from reproq_worker import durations

RESERVED_NAMES = ("run_after", "lock_key", "priority", "concurrency_key", "concurrency_limit")

# What reproq_enqueue takes. Checked here too, because an error of the database would spoil the
# caller's transaction.
MAX_ATTEMPTS = 10_000
MAX_LIMIT = 1_000_000
MAX_TIMEOUT = timedelta(days=365)
# PostgreSQL compares intervals by months of 30 days: these are its 10 and 1000 years.
MAX_BACKOFF = timedelta(days=3600)
MAX_DURATION = timedelta(days=360_000)
EARLIEST = datetime(1, 1, 3, tzinfo=UTC)
LATEST = datetime(9999, 12, 29, tzinfo=UTC)
MAX_NAME_CHARS = 255


def whole_number(name: str, value: Any, least: int, most: int) -> int:
    """Read an int between `least` and `most`; a bool is not one."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {value!r}.")
    if not least <= value <= most:
        raise ValueError(f"{name} must be between {least} and {most}, not {value!r}.")
    return int(value)


def seconds_or_duration(name: str, value: Any) -> timedelta:
    """Read a timedelta, a number of seconds, or a text such as "90s" or "7d"."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{name} must be a timedelta or a number of seconds, not {value!r}.")
    try:
        return durations.parse(value)
    except (ValueError, OverflowError) as e:
        raise ValueError(f"{name} is not a duration: {value!r}.") from e


def duration(name: str, value: Any, most: timedelta = MAX_DURATION) -> timedelta:
    """Read a duration longer than nothing."""
    length = seconds_or_duration(name, value)
    if not timedelta() < length <= most:
        raise ValueError(f"{name} must be above 0 and at most {most.days} days, not {value!r}.")
    return length


def timeout(name: str, value: Any) -> int:
    """Read a time limit as whole seconds."""
    length = duration(name, value, MAX_TIMEOUT)
    if length % timedelta(seconds=1):
        raise ValueError(f"{name} must be whole seconds, not {value!r}.")
    return length // timedelta(seconds=1)


def attempts(name: str, value: Any) -> int:
    """Read how often a task may be started."""
    return whole_number(name, value, 1, MAX_ATTEMPTS)


def lease_losses(name: str, value: Any) -> int:
    """Read how often a worker may be lost with a run before the run is FAILED."""
    return whole_number(name, value, 0, MAX_ATTEMPTS)


def limit(name: str, value: Any) -> int:
    """Read a concurrency limit; 0 means none."""
    return whole_number(name, value, 0, MAX_LIMIT)


def flag(name: str, value: Any) -> bool:
    """Read True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {value!r}.")
    return value


def backoff(name: str, value: Any) -> tuple[timedelta, timedelta | None]:
    """Read the first delay, or a pair of the first and the longest delay."""
    first, longest = value if isinstance(value, tuple | list) and len(value) == 2 else (value, None)
    base = delay(name, first)
    cap = None if longest is None else delay(name, longest)
    if cap is not None and cap < base:
        raise ValueError(f"{name}: the longest delay {cap} is shorter than the first, {base}.")
    return base, cap


def delay(name: str, value: Any) -> timedelta:
    """Read how long to wait before another attempt."""
    length = seconds_or_duration(name, value)
    if not timedelta() <= length <= MAX_BACKOFF:
        raise ValueError(f"{name} must be between 0 and {MAX_BACKOFF.days} days, not {value!r}.")
    return length


def text(name: str, value: Any) -> str | None:
    """Read a text that fits a column; blank means none."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}.")
    if not is_storable(value) or len(value) > MAX_NAME_CHARS:
        raise ValueError(
            f"{name} must be at most {MAX_NAME_CHARS} characters without NUL or lone surrogates."
        )
    return str(value) if value.strip() else None


def key(name: str, value: Any) -> Any:
    """Read a text, or a function that makes one from a call's arguments."""
    return value if callable(value) else text(name, value)


def exception_classes(name: str, value: Any) -> tuple[type[BaseException], ...]:
    """Read an exception class or several."""
    classes = (value,) if isinstance(value, type) else value
    if not isinstance(classes, tuple | list | set | frozenset) or not all(
        isinstance(c, type) and issubclass(c, BaseException) for c in classes
    ):
        raise TypeError(f"{name} must be an exception class or a tuple of them, not {value!r}.")
    return tuple(classes)


def run_after(value: Any) -> datetime | timedelta:
    """Read the earliest time of a run: an aware datetime, or a timedelta from now."""
    if isinstance(value, datetime):
        if not timezone.is_aware(value):
            if settings.USE_TZ:
                raise ValueError("run_after must be timezone-aware")
            value = timezone.make_aware(value)
        if not EARLIEST <= value <= LATEST:
            raise ValueError(f"run_after is out of range: {value}.")
        return value
    if isinstance(value, timedelta):
        later(value)
        return value
    raise TypeError(f"run_after must be a datetime or a timedelta, not {type(value).__name__}.")


def later(delay: timedelta) -> datetime:
    """Return the time in `delay` by this machine's clock, as Django writes times."""
    if abs(delay) > MAX_DURATION:
        raise ValueError(f"run_after is out of range: {delay}.")
    return timezone.now() + delay


def is_storable(value: str) -> bool:
    """Whether Postgres can hold this text: no NUL, no lone surrogate."""
    if "\x00" in value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
