"""For tests of users' projects: run what was enqueued, and move the time of the queue.

Both work inside a TestCase: on the test's connection, in its transaction.

    with virtual_clock() as clock:
        remind.enqueue(run_after=timedelta(days=2))
        clock.advance("3 days")

Where the backend shall need no database, see EagerBackend and RecordingBackend.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.tasks.base import DEFAULT_TASK_BACKEND_ALIAS
from psycopg.pq import TransactionStatus

from reproq_worker.call import call
from reproq_worker.virtual_clock import VirtualClock

from . import databases, results
from .executor.in_process import run_ready
from .results import ReproqResult

__all__ = ["TaskFailed", "run_all", "virtual_clock"]

_MOST = 10_000


class TaskFailed(AssertionError):
    """A task of the test ended badly; the message holds its traceback."""


def run_all(
    queues: Sequence[str] | None = None,
    *,
    using: str | None = None,
    raise_errors: bool = False,
    max_tasks: int = _MOST,
) -> list[ReproqResult]:
    """Run every task that may run now in this process, and return their results in order.

    Those that it enqueues are run, too; what waits for a time stays. `queues` None means all of
    them. With `raise_errors` a task that ends badly raises TaskFailed. RuntimeError after
    `max_tasks`: a task may enqueue itself without end.
    """
    from .models import TaskRun

    alias = using or databases.default_alias()
    ids: list[int] = []
    for result_id, outcome in run_ready(alias, queues, max_tasks=max_tasks + 1):
        if len(ids) == max_tasks:
            raise RuntimeError(f"More than {max_tasks} tasks have run, and there are more.")
        ids.append(result_id)
        if raise_errors and outcome["outcome"] == "fail":
            error = outcome["error"]
            raise TaskFailed(f"Run {result_id}: {error['message']}\n{error['traceback']}")
    rows = TaskRun.objects.using(alias).in_bulk(ids)
    # (A task may have deleted its own run.)
    found = [rows[result_id] for result_id in ids if result_id in rows]
    return [results.from_row(row, DEFAULT_TASK_BACKEND_ALIAS) for row in found]


class DjangoClock(VirtualClock):
    """The clock of a test: it runs what is due on its way."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        super().__init__(self._run)

    def advance(
        self, duration: timedelta | str, *, run: bool = True, raise_errors: bool = False
    ) -> list[ReproqResult]:
        """Move on by a timedelta or a text such as "3 days"; the results of what ran, in order.

        Stops at each time at which something is due (a schedule, a delayed run, a retry, a token
        of a rate limit) and runs what may run then, as a worker that slept in between would. With
        `run` False the time passes and the tick does its work, but nobody works.
        """
        until = self.after(duration)
        done = self._work(run, raise_errors)
        while at := self.next_event(until):
            self.set(at)
            done += self._work(run, raise_errors)
        self.set(until)
        return done + self._work(run, raise_errors)

    def _work(self, run: bool, raise_errors: bool) -> list[ReproqResult]:
        with connections[self._alias].cursor() as cursor:
            call(cursor, "tick")
        return run_all(using=self._alias, raise_errors=raise_errors) if run else []

    def _run(self, statement: str, parameters: Sequence[Any]) -> Sequence[Any] | None:
        with connections[self._alias].cursor() as cursor:
            # (Without parameters a % in the text is one.)
            cursor.execute(statement, parameters or None)
            return cursor.fetchone() if cursor.description else None


@contextmanager
def virtual_clock(
    now: datetime | None = None, *, using: str | None = None
) -> Iterator[DjangoClock]:
    """Stop the clock of the queue, at `now` if it is given, until the end of the block.

    Only the database's clock, by which the queue goes: what Python takes for the present stays.
    Nothing else may use the test's database meanwhile.
    """
    alias = using or databases.default_alias()
    clock = DjangoClock(alias)
    try:
        if now is not None:
            clock.set(now)
        yield clock
    finally:
        # In a broken transaction nothing can be said, and its rollback brings the clock back.
        if not _is_broken(connections[alias]):
            clock.restore()


def _is_broken(connection: BaseDatabaseWrapper) -> bool:
    inner = connection.connection
    return (
        connection.needs_rollback
        or inner is None
        or inner.info.transaction_status == TransactionStatus.INERROR
    )
