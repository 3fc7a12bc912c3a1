"""What is set up and cleaned up around each task, as Django does around a request."""

from collections.abc import Callable
from contextvars import copy_context

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.tasks import task_backends
from django.utils import timezone, translation
from psycopg.pq import TransactionStatus


def call_in_surroundings[T](function: Callable[[], T]) -> T:
    """Call with usable connections, the default language and time zone; roll back what it left.

    A connection that was in a transaction before is the caller's and stays as it is.
    """
    callers = set()
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            callers.add(connection.alias)
        else:
            _refresh(connection)
    try:
        # Django keeps them once a context: made here, or every task would make its own.
        task_backends.all()
        # What a task sets in its context, as language and time zone are, ends with the copy.
        return copy_context().run(_with_defaults, function)
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.alias in callers:
                continue
            if _in_transaction(connection):
                # Closing rolls back, and the next use begins with a new connection.
                connection.in_atomic_block = False
                connection.close()
            _refresh(connection)


def _with_defaults[T](function: Callable[[], T]) -> T:
    timezone.deactivate()
    translation.deactivate()
    return function()


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
