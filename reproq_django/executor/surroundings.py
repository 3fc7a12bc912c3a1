"""What is set up and cleaned up around each task, as Django does around a request."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone, translation
from psycopg.pq import TransactionStatus


@contextmanager
def task_surroundings() -> Iterator[None]:
    """Give a task usable connections, the default language and time zone; roll back what it left.

    A connection that was in a transaction before is the caller's and stays as it is.
    """
    callers = {c.alias for c in connections.all(initialized_only=True) if c.in_atomic_block}
    for connection in _others(callers):
        _refresh(connection)
    try:
        with timezone.override(None), translation.override(settings.LANGUAGE_CODE):
            yield
    finally:
        for connection in _others(callers):
            if _in_transaction(connection):
                # Closing rolls back, and the next use begins with a new connection.
                connection.in_atomic_block = False
                connection.close()
            _refresh(connection)


def _others(callers: set[str]) -> list[BaseDatabaseWrapper]:
    return [c for c in connections.all(initialized_only=True) if c.alias not in callers]


def _refresh(connection: BaseDatabaseWrapper) -> None:
    connection.queries_log.clear()
    connection.close_if_unusable_or_obsolete()


def _in_transaction(connection: BaseDatabaseWrapper) -> bool:
    if connection.connection is None:
        return connection.in_atomic_block
    if connection.in_atomic_block or not connection.get_autocommit():
        return True
    info = getattr(connection.connection, "info", None)
    return info is not None and info.transaction_status != TransactionStatus.IDLE
