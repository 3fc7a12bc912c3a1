"""A clock for tests: the queue's own clock in one database, stopped and moved by hand."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

type Execute = Callable[[str, Sequence[Any]], Sequence[Any] | None]
"""Runs a statement; returns its first row, None without one."""

_STOP = """
create table reproq_test_clock (now timestamptz not null);
insert into reproq_test_clock select _reproq_now();
create or replace function _reproq_now()
    returns timestamptz
    language sql
    volatile
begin atomic
    select now from reproq_test_clock;
end;
"""
# What waits for a time. Leases and live workers wait, too, but nobody in a test means those.
_NEXT = """
select min(at)
from (
    select min(run_after) from reproq_scheduled
    union all
    select min(next_run_at) from periodic_tasks where enabled
    union all
    select min(l.last_refilled_at + make_interval(
        secs => greatest(1 - l.current_tokens, 0) / l.tokens_per_second
    ))
    from rate_limits l
    where l.tokens_per_second > 0 and exists (
        select 1 from reproq_blocked b where b.gate = 'rate:' || l.key
    )
) as event (at)
where at > _reproq_now() and at <= %s
"""


class VirtualClock:
    """The time of one database: it stands still until it is moved."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        [self._real] = self._row("select pg_get_functiondef('_reproq_now()'::regprocedure)")
        execute(_STOP, ())

    @property
    def now(self) -> datetime:
        """What the queue takes for the present."""
        return self._row("select now from reproq_test_clock")[0]

    def set(self, moment: datetime) -> None:
        """Put it to a moment; going back is allowed, as clocks sometimes do."""
        self._execute("update reproq_test_clock set now = %s", [moment])

    def after(self, duration: timedelta | str) -> datetime:
        """The time after a duration: a timedelta, or a text that Postgres reads (`3 days`)."""
        return self._row("select now + %s::interval from reproq_test_clock", duration)[0]

    def next_event(self, until: datetime) -> datetime | None:
        """When next something is due that waits for a time, and not after `until`."""
        return self._row(_NEXT, until)[0]

    def restore(self) -> None:
        """Give the queue the real clock back."""
        self._execute(self._real, ())
        self._execute("drop table reproq_test_clock", ())

    def _row(self, statement: str, *parameters: Any) -> Sequence[Any]:
        row = self._execute(statement, parameters)
        assert row is not None
        return row
