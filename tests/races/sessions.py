"""Two or more sessions whose statements a test interleaves by hand."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg

PATIENCE = 10.0


class Waiting:
    """A call under way in a thread of its own; `result()` waits and raises what it raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._outcome: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self._outcome = work()
        except BaseException as error:
            self._error = error

    @property
    def unfinished(self) -> bool:
        return self._thread.is_alive()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def result(self) -> Any:
        self.join(PATIENCE)
        assert not self._thread.is_alive(), "still waiting"
        if self._error is not None:
            raise self._error
        return self._outcome


def in_background(conn: psycopg.Connection, sql: str, params: Any = None) -> Waiting:
    """Start a statement that may have to wait for a lock, and return once it waits or is done."""
    waiting = Waiting(lambda: conn.execute(sql, params).fetchall())
    waiting.join(0.01)
    if waiting.unfinished:
        with psycopg.connect(conn.info.dsn, autocommit=True) as watcher:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline and waiting.unfinished:
                blockers = watcher.execute(
                    "select cardinality(pg_blocking_pids(%s))", [conn.info.backend_pid]
                ).fetchone()
                if blockers[0]:
                    break
                waiting.join(0.005)
    return waiting


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(number)` in as many threads at once; their results, or the first error."""
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait()
        return work(number)

    threads = [Waiting(lambda n=n: one(n)) for n in range(count)]
    # All have ended before an error of one is raised.
    for thread in threads:
        thread.join(PATIENCE)
    return [thread.result() for thread in threads]


def value(conn: psycopg.Connection, sql: str, params: Any = None) -> Any:
    """The only value that a query returns."""
    return conn.execute(sql, params).fetchone()[0]


def deadlocks(conn: psycopg.Connection) -> int:
    """How many deadlocks this database has seen."""
    return value(conn, "select deadlocks from pg_stat_database where datname = current_database()")
