"""The one parser of durations: Go's syntax, days, and plain seconds."""

import math
import re
from datetime import timedelta

_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # U+00B5, micro sign
    "μs": 1e-6,  # U+03BC, Greek letter mu
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d)", re.ASCII)
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+", re.ASCII)


def parse(value: str | int | float | timedelta) -> timedelta:
    """A duration from `100ms`, `5s`, `1h30m`, `7d`, or a number of seconds.

    Raises ValueError for anything else, and for what is negative or not finite.
    """
    try:
        duration = value if isinstance(value, timedelta) else timedelta(seconds=_seconds(value))
    except OverflowError:
        raise ValueError(f"duration too long: {value!r}") from None
    if duration < timedelta(0):
        raise ValueError(f"negative duration: {value!r}")
    return duration


def _seconds(value: str | int | float) -> float:
    if isinstance(value, str):
        return _seconds_from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"not a duration: {value!r}")
    return value


def _seconds_from_text(text: str) -> float:
    stripped = text.strip()
    if _PLAIN.fullmatch(stripped):
        return float(stripped)
    parts = list(_PART.finditer(stripped))
    if not parts or "".join(part.group() for part in parts) != stripped:
        raise ValueError(
            f"not a duration: {text!r}; write 100ms, 5s, 1m, 1h30m, 7d or a number of seconds"
        )
    return math.fsum(float(number) * _SECONDS[unit] for number, unit in (p.groups() for p in parts))
