"""A clock for tests: replaces `_reproq_now()` in one database by a function that reads a table."""

from datetime import datetime, timedelta

import psycopg

STOP = """
create table test_clock (now timestamptz not null);
insert into test_clock select clock_timestamp();
create or replace function _reproq_now()
    returns timestamptz
    language sql
    volatile
begin atomic
    select now from test_clock;
end;
"""


class Clock:
    """The time of one database. It stands still until it is moved."""

    def __init__(self, dsn: str) -> None:
        self._conn = psycopg.connect(dsn, autocommit=True)
        self._conn.execute(STOP)

    @property
    def now(self) -> datetime:
        return self._conn.execute("select now from test_clock").fetchone()[0]

    def set(self, moment: datetime) -> None:
        self._conn.execute("update test_clock set now = %s", [moment])

    def advance(self, seconds: float = 0, **units: float) -> datetime:
        """Move on by seconds, or by what `timedelta` takes (`hours=2`), and return the new time."""
        step = timedelta(seconds=seconds, **units)
        self._conn.execute("update test_clock set now = now + %s", [step])
        return self.now

    def close(self) -> None:
        self._conn.close()
