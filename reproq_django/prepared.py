"""A cursor for an enqueue of its own transaction, whose statement is prepared where that is safe.

The connection is the user's. Somebody may forget what is prepared on it, and so fail the next
enqueue; outside a transaction that can be said again, inside it would end what they were doing.
"""

from typing import Any, Self
from weakref import WeakKeyDictionary

import psycopg
from django.db.backends.postgresql.base import Cursor
from django.db.backends.utils import CursorWrapper
from psycopg.pq import PipelineStatus, TransactionStatus

#: Most connections are soon gone, and asking whether one leads to the server itself takes long.
_ENQUEUES_BEFORE = 5

_enqueues: WeakKeyDictionary[psycopg.Connection[Any], int] = WeakKeyDictionary()
_is_direct: WeakKeyDictionary[psycopg.Connection[Any], bool] = WeakKeyDictionary()


def prepare(cursor: CursorWrapper) -> None:
    """Let what this cursor of Django's says be prepared, where nothing can be lost by it."""
    connection = cursor.db.connection
    # (Django writes a log of queries from what its own cursor has sent.)
    if not cursor.db.queries_logged and _may_prepare(connection):
        cursor.cursor = _PreparedCursor(connection)


class _PreparedCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params)
        except psycopg.errors.InvalidSqlStatementName:  # DISCARD ALL
            _is_direct[self.connection] = False
            return super().execute(query, params, prepare=False)
        finally:
            self.connection.prepare_threshold = None


def _may_prepare(connection: Any) -> bool:
    return (
        # Who has set something else has reasons.
        connection.cursor_factory is Cursor
        and connection.prepare_threshold is None
        and connection.autocommit
        and connection.info.transaction_status == TransactionStatus.IDLE
        and connection.info.pipeline_status == PipelineStatus.OFF
        and _leads_to_server(connection)
    )


def _leads_to_server(connection: psycopg.Connection[Any]) -> bool:
    """Whether no pooler is in between, which would give a process id of its own."""
    known = _is_direct.get(connection)
    if known is None:
        count = _enqueues[connection] = _enqueues.get(connection, 0) + 1
        if count <= _ENQUEUES_BEFORE:
            return False
        row = connection.execute("select pg_backend_pid()").fetchone()
        known = _is_direct[connection] = row == (connection.info.backend_pid,)
    return known
