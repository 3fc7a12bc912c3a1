"""The clock of one database, for tests that have a connection and no Django."""

from datetime import datetime, timedelta

import psycopg

from reproq_worker.virtual_clock import VirtualClock


class Clock(VirtualClock):
    """A clock over a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._conn = psycopg.connect(dsn, autocommit=True)
        super().__init__(self._run)

    def advance(self, seconds: float = 0, **units: float) -> datetime:
        """Move on by seconds, or by what `timedelta` takes (`hours=2`), and return the new time."""
        self.set(self.after(timedelta(seconds=seconds, **units)))
        return self.now

    def close(self) -> None:
        self._conn.close()

    def _run(self, statement: str, parameters: object) -> tuple | None:
        cursor = self._conn.execute(statement, parameters or None)
        return cursor.fetchone() if cursor.description else None
