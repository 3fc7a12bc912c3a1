"""Random cron expressions, and times and places at which to ask for their next slot."""

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

LIMITS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

# Rules that have not changed lately: Postgres and Python may have databases of different years.
ZONES = [
    "UTC",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
]
YEARS = (2008, 2024)


def expression(rng: random.Random) -> str:
    """Five fields, of which some are alike in every schedule that people write."""
    fields = [_field(rng, place) for place in range(5)]
    if rng.random() < 0.4:
        fields[2:] = "***"
    if rng.random() < 0.3:
        fields[1] = str(rng.randint(0, 3))
    return " ".join(fields)


def moment(rng: random.Random, zone: str) -> datetime:
    """A time in UTC, often within a day of one at which the clocks of the zone are changed."""
    start = datetime(rng.randint(*YEARS), 1, 1, tzinfo=UTC)
    changes = _changes(start, ZoneInfo(zone)) if rng.random() < 0.5 else []
    if changes:
        return rng.choice(changes) + timedelta(minutes=rng.randint(-300, 1800))
    return start + timedelta(seconds=rng.randrange(365 * 86400))


@cache
def _changes(start: datetime, zone: ZoneInfo) -> list[datetime]:
    days = [start + timedelta(days=n) for n in range(366)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    return [days[n] for n in range(365) if offsets[n] != offsets[n + 1]]


def _field(rng: random.Random, place: int) -> str:
    kind = rng.random()
    if kind < 0.4:
        return "*"
    if kind < 0.55:
        return f"*/{rng.randint(1, LIMITS[place][1])}"
    return ",".join(_item(rng, place) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def _item(rng: random.Random, place: int) -> str:
    low, high = LIMITS[place]
    first, last = sorted((rng.randint(low, high), rng.randint(low, high)))
    kind = rng.random()
    if kind < 0.5 or first == last:
        return _word(rng, place, last)
    if kind < 0.8:
        return f"{first}-{last}"
    step = rng.randint(1, max(1, high // 2))
    return f"{first}-{last}/{step}" if kind < 0.95 else f"{first}/{step}"


def _word(rng: random.Random, place: int, number: int) -> str:
    if place == 3 and rng.random() < 0.3:
        return MONTHS[number - 1]
    if place == 4 and rng.random() < 0.3:
        return WEEKDAYS[number % 7]
    return str(number)
