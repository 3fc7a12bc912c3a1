"""Sizes in bytes, as people write them."""

import re

_SIZE = re.compile(r"(\d{1,15})\s*([kmgt]?)(i?b)?", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse(value: int | str) -> int:
    """Bytes from a whole number, or from a text such as `512M`, `2 GiB`; ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"not a size: {value!r} (try 512M or 2G)")
    return int(found[1]) * _UNITS[found[2].lower()]
