"""What is set up and cleaned up around each task, as Django does around a request."""

import threading
import time
from collections.abc import Callable
from contextvars import copy_context

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.tasks import task_backends
from django.utils import timezone, translation
from psycopg.pq import TransactionStatus

#: A connection that was looked after so lately is not looked at again before it is used.
_STILL_FRESH = 1.0


class _Thread(threading.local):
    """Whose this thread is."""

    #: It does nothing but run tasks, each in a copy of a context that holds the defaults.
    is_own = False
    refreshed_at = 0.0


_thread = _Thread()


def own_this_thread() -> None:
    """Make this a thread in which nothing but tasks will run, one after another."""
    _use_defaults()
    _thread.is_own = True


def call_in_surroundings[T](function: Callable[[], T]) -> T:
    """Call with usable connections, the default language and time zone; roll back what it left.

    A connection that was in a transaction before is the caller's and stays as it is.
    """
    callers: set[str] = set()
    # In a thread of our own they were refreshed after the task before.
    if not _thread.is_own or time.monotonic() - _thread.refreshed_at > _STILL_FRESH:
        callers = _prepare()
    # What a task sets in its context, as language and time zone are, ends with the copy.
    context = copy_context()
    if not _thread.is_own:
        context.run(_use_defaults)
    try:
        return context.run(function)
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.alias in callers:
                continue
            if _in_transaction(connection):
                # Closing rolls back, and the next use begins with a new connection.
                connection.in_atomic_block = False
                connection.close()
            _refresh(connection)
        _thread.refreshed_at = time.monotonic()


def _prepare() -> set[str]:
    """Refresh the connections; the aliases of those in which a caller has a transaction."""
    callers = set()
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            callers.add(connection.alias)
        else:
            _refresh(connection)
    # Django keeps them once a context: made here, or every task would make its own.
    task_backends.all()
    return callers


def _use_defaults() -> None:
    timezone.deactivate()
    translation.deactivate()


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
