"""The worker's own connections: how they are opened, bounded, and what their errors mean."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from reproq_worker.logs import log

_BOUND = (
    "select set_config('statement_timeout', '30s', {local}),"
    " set_config('lock_timeout', '5s', {local}),"
    " set_config('idle_in_transaction_session_timeout', '30s', {local})"
)
_BOUND_SESSION = (
    _BOUND.format(local="false")
    + ", set_config('default_transaction_isolation', 'read committed', false)"
)
#: Where a pooler gives each transaction another session, settings of a session would leak.
_BOUND_TRANSACTION = _BOUND.format(local="true")
#: A connection that says nothing for so long is given up; the server has its own limit before.
ANSWER_TIMEOUT = 40
#: Servers that restart say several things in so many seconds; after them one is worth a line.
_LASTING = 10.0

_CONNECTION_DEFAULTS = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20000,
}
_AT_REST = (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)
_AWAY_CLASSES = ("08", "53", "57", "58")
#: A server that takes no writes (a standby, or the old primary after a failover), and one that has
#: ended a session which it took for forgotten.
_AWAY = ("25006", "25P03")
#: What psycopg says after a connection was lost in the middle of a pipeline, in place of that.
_AFTERMATH = "cannot exit pipeline mode"
_TRANSIENT = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    "55P03": "lock timeout",
    "57014": "statement timeout",
}


def is_outage(error: BaseException) -> bool:
    """Whether the connection or the server is gone, rather than the statement wrong."""
    if isinstance(error, (TimeoutError, OSError, psycopg.InterfaceError)):
        return True
    state = getattr(error, "sqlstate", None)
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return (state[:2] in _AWAY_CLASSES and state != "57014") or state in _AWAY


def is_transient(error: BaseException) -> bool:
    """Whether the same statement may succeed in a moment."""
    return getattr(error, "sqlstate", None) in _TRANSIENT


def brief(error: BaseException) -> str:
    """An error in one line, without a traceback, a query or a payload."""
    while str(error).startswith(_AFTERMATH) and isinstance(error.__context__, psycopg.Error):
        error = error.__context__
    state = getattr(error, "sqlstate", None)
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"{text} ({state})" if state else text


def delays(first: float = 0.1, limit: float = 2.0) -> Iterator[float]:
    """Seconds to wait before each further attempt, without end: none, then doubling, jittered.

    One connection that was cut says nothing about the server; a second failure in a row does.
    """
    yield 0.0
    delay = first
    while True:
        yield delay * random.uniform(0.7, 1.0)
        delay = min(delay * 2, limit)


class OutageLog:
    """One line when the database is lost and one when it is back, however many connections.

    One more where it stays away for another reason than it went.
    """

    def __init__(self) -> None:
        self._down = False
        self._since = 0.0
        self._reason = ""
        self._told_more = False
        self._back_at = 0.0
        #: The monitor's connection belongs to another thread.
        self._lock = threading.Lock()

    def lost(self, error: BaseException, opened_at: float) -> None:
        """A connection failed that was opened then, or could not be opened just now."""
        with self._lock:
            if opened_at < self._back_at:
                return  # It fell in the outage that is over, and nobody had used it since.
            now, reason = time.monotonic(), brief(error)
            if not self._down:
                self._down, self._since, self._reason, self._told_more = True, now, reason, False
                log.warning("database out of reach, trying again: %s", reason)
            elif reason != self._reason and not self._told_more and now - self._since > _LASTING:
                self._told_more = True
                log.warning("database still out of reach after %.0f s: %s", _LASTING, reason)

    def found(self) -> None:
        """A statement came through. (A mere connection may be one to a read-only server.)"""
        with self._lock:
            if self._down:
                self._down, self._back_at = False, time.monotonic()
                log.info("database is back after %.1f s", self._back_at - self._since)


class Session:
    """One connection that is opened when it is needed and dropped when it fails."""

    def __init__(self, dsn: str, name: str, outages: OutageLog) -> None:
        self._conninfo = make_conninfo(
            dsn, **(_CONNECTION_DEFAULTS | _spelled_out(dsn)), application_name=name
        )
        self._outages = outages
        self._connection: AsyncConnection | None = None
        self._opened_at = 0.0
        #: Whether the connection has one session of the server to itself.
        self._is_direct = False
        #: How often a connection had to be made.
        self.connects = 0

    @property
    def is_busy(self) -> bool:
        """Whether a statement is under way."""
        connection = self._connection
        return (
            connection is not None
            and not connection.closed
            and connection.info.transaction_status not in _AT_REST
        )

    async def connection(self) -> AsyncConnection:
        """The open connection, or a new one; raises when there is none to have."""
        if self._connection is None or self._connection.closed:
            self.connects += 1
            connection = await AsyncConnection.connect(
                self._conninfo, autocommit=True, prepare_threshold=None
            )
            try:
                self._is_direct = await _is_direct(connection)
                if self._is_direct:
                    connection.prepare_threshold = 1
                    await connection.execute(_BOUND_SESSION)
            except BaseException:
                await connection.close()  # one without its bounds is of no use
                raise
            self._connection = connection
            self._opened_at = time.monotonic()
        return self._connection

    async def execute(self, *statements: tuple[str, Sequence[object]]) -> list[AsyncCursor]:
        """Run statements as one bounded transaction, in one round trip.

        To begin and to commit are messages of their own, which a worker that waits for a task would
        spend more time on than on the network. All up to the end of a pipeline is one transaction.
        """
        connection = await self.connection()
        if self._is_direct and len(statements) == 1:
            return [await connection.execute(*statements[0])]
        async with connection.pipeline():
            if not self._is_direct:
                await connection.execute("begin isolation level read committed")
                await connection.execute(_BOUND_TRANSACTION)
            cursors = [await connection.execute(*statement) for statement in statements]
            if not self._is_direct:
                await connection.execute("commit")
        return cursors

    async def query(
        self, statement: str, arguments: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        """Run one statement in a bounded transaction of its own, in one round trip."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                [cursor] = await self.execute((statement, arguments))
                self.works()
                return await cursor.fetchall() if cursor.description else []
        except Exception as error:
            await self.recover(error)
            raise

    def works(self) -> None:
        """A statement came through."""
        self._outages.found()

    async def recover(self, error: BaseException) -> None:
        """After an error: roll back, or drop the connection when it is of no use."""
        connection, self._connection = self._connection, None
        if is_outage(error):
            opened_at = time.monotonic() if connection is None else self._opened_at
            self._outages.lost(error, opened_at)
        if connection is None or connection.closed:
            return
        if not is_outage(error):
            try:
                async with asyncio.timeout(5):
                    await _roll_back(connection)
                self._connection = connection
                return
            except (psycopg.Error, TimeoutError):
                pass
        await connection.close()

    async def close(self) -> None:
        """Close the connection if one is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _is_direct(connection: AsyncConnection) -> bool:
    """Whether this is a connection to the server itself, where statements may be prepared.

    A pooler such as PgBouncer gives each transaction another connection to the server, which has
    not prepared them. It answers for itself when asked who is to be cancelled.
    """
    cursor = await connection.execute("select pg_backend_pid()")
    return await cursor.fetchone() == (connection.info.backend_pid,)


async def _roll_back(connection: AsyncConnection) -> None:
    """Leave a transaction that failed, and make psycopg forget what it has prepared.

    What was to be prepared behind the statement that failed never was. psycopg forgets it with a
    transaction that it rolls back, and where a batch was one there is none left.
    """
    if connection.info.transaction_status == TransactionStatus.IDLE:
        await connection.execute("begin")
    await connection.rollback()


def _spelled_out(dsn: str) -> dict[str, str]:
    """What the DSN says itself, which defaults must not override."""
    given = psycopg.conninfo.conninfo_to_dict(dsn)
    return {name: str(given[name]) for name in _CONNECTION_DEFAULTS if name in given}
