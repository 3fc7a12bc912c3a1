"""Which database holds a queue, and which run a result id names."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.utils import CursorWrapper

MAX_RESULT_ID = 2**63 - 1


def default_alias() -> str:
    """Return the alias of the database that holds the queues."""
    return getattr(settings, "REPROQ_DEFAULT_DB_ALIAS", None) or DEFAULT_DB_ALIAS


def format_result_id(alias: str, result_id: int) -> str:
    """Return the id of a result as users see it."""
    return str(result_id)


def parse_result_id(value: object) -> int | None:
    """Return the result_id that a text names, or None where it cannot name one."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    number = int(text)
    return number if 0 < number <= MAX_RESULT_ID else None


@contextmanager
def refusable_cursor(alias: str) -> Iterator[CursorWrapper]:
    """A cursor for a call that may be refused, which must leave a caller's transaction usable."""
    connection = connections[alias]
    savepoint = transaction.atomic(using=alias) if connection.in_atomic_block else nullcontext()
    with savepoint, connection.cursor() as cursor:
        yield cursor
