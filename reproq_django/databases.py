"""Which database holds a queue, and which run a result id names."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.dispatch import receiver

MAX_RESULT_ID = 2**63 - 1


def default_alias() -> str:
    """Return the alias of the database that holds the queues which are not routed elsewhere."""
    return getattr(settings, "REPROQ_DEFAULT_DB_ALIAS", None) or DEFAULT_DB_ALIAS


@lru_cache(maxsize=1024)
def resolve_queue_db(queue_name: str | None) -> str:
    """Return the alias of the database that holds a queue, by REPROQ_QUEUE_DATABASES.

    An exact name goes before a pattern such as "bulk-*", the first pattern before a later one.
    ValueError where the setting is not a dict of texts.
    """
    routes = _routes()
    if not routes or queue_name is None:
        return default_alias()
    if queue_name in routes:
        return routes[queue_name]
    for pattern, alias in routes.items():
        if fnmatchcase(queue_name, pattern):
            return alias
    return default_alias()


def queue_aliases() -> list[str]:
    """Return the aliases of all databases that hold queues, the default one first."""
    return list(dict.fromkeys([default_alias(), *_routes().values()]))


def format_result_id(alias: str, result_id: int) -> str:
    """Return the id of a result as users see it: with its database where several hold queues.

    REPROQ_RESULT_ID_WITH_ALIAS decides it regardless of how many do.
    """
    return f"{alias}:{result_id}" if _shows_alias() else str(result_id)


def parse_result_id(value: object, default: str | None = None) -> tuple[str, int | None]:
    """Return the database and the result_id that an id names, None where it cannot name one.

    Without the alias of a database of queues in front it is one of the `default` database.
    """
    alias = default or default_alias()
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    prefix, colon, rest = text.rpartition(":")
    if colon and prefix in (alias, *queue_aliases()):
        alias, text = prefix, rest
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return alias, None
    number = int(text)
    return alias, number if 0 < number <= MAX_RESULT_ID else None


@contextmanager
def refusable_cursor(alias: str) -> Iterator[CursorWrapper]:
    """A cursor for a call that may be refused, which must leave a caller's transaction usable."""
    connection = connections[alias]
    savepoint = transaction.atomic(using=alias) if connection.in_atomic_block else nullcontext()
    with savepoint, connection.cursor() as cursor:
        yield cursor


@cache
def _shows_alias() -> bool:
    wanted = getattr(settings, "REPROQ_RESULT_ID_WITH_ALIAS", None)
    return len(queue_aliases()) > 1 if wanted is None else bool(wanted)


@receiver(setting_changed)
def _forget_settings(**kwargs: Any) -> None:
    _shows_alias.cache_clear()
    resolve_queue_db.cache_clear()


def _routes() -> Mapping[str, str]:
    routes: Any = getattr(settings, "REPROQ_QUEUE_DATABASES", None) or {}
    if not isinstance(routes, dict) or not all(
        isinstance(text, str) for pair in routes.items() for text in pair
    ):
        raise ValueError("REPROQ_QUEUE_DATABASES must be a dict of queue names and aliases.")
    return routes
