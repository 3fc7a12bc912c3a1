"""Jobs of pg_cron that keep time inside Postgres, as a worker's tick or `reproq beat` does.

One job calls `reproq_tick()` and needs no care after it. Jobs for single schedules call
`reproq_enqueue_periodic_task`, which asks the schedule itself whether a slot is due: a job that
comes beside a tick, or at a time that is no longer right, enqueues nothing twice.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from reproq_worker.supervisor.database import brief, is_outage

PREFIX = "reproq_periodic"
EVERY_SECOND = "1 second"
EVERY_MINUTE = "* * * * *"

_LONGEST_NAME = 63
_UTC = {"UTC", "GMT", "Etc/UTC", "Etc/GMT"}

_IS_AVAILABLE = "select from pg_available_extensions e where e.name = 'pg_cron'"
_IS_CREATED = "select from pg_extension e where e.extname = 'pg_cron'"
_SCHEDULE = "select cron.schedule(%s::text, %s::text, %s::text)"
_LOCK = "select pg_advisory_xact_lock(hashtextextended('reproq pg_cron', 0))"
_OURS = """
select j.jobid, j.jobname::text
from cron.job j
where starts_with(j.jobname::text, %s || '_') and j.database = current_database()
    and j.command ~ 'reproq_(tick|enqueue_periodic_task)\\('
order by j.jobid
"""
# A job's session has the search path of its role, which may be another than this one's.
_PLACE = """
select case when n.nspname <> 'public' then quote_ident(n.nspname) || '.' else '' end
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where p.oid = to_regprocedure('reproq_tick(boolean)')
    and to_regclass('periodic_tasks') is not null
"""
_SCHEDULES = """
select t.name, t.cron_expr, t.time_zone, quote_literal(t.name)
from periodic_tasks t
where t.enabled
order by t.name
"""
_ZONE = "select coalesce(current_setting('cron.timezone', true), 'GMT')"
_UNKNOWN = "unknown"


class Unsupported(Exception):
    """There is no pg_cron to install jobs into; `skipping` says so where that is no fault."""

    def __init__(self, message: str, skipping: str) -> None:
        super().__init__(message)
        self.skipping = skipping


class NotMigrated(Exception):
    """There are no schedules and no tick that jobs could call."""


@dataclass(frozen=True)
class Job:
    """A job as pg_cron keeps it."""

    name: str
    schedule: str
    command: str


def install(
    cursor: psycopg.Cursor, prefix: str = PREFIX, *, per_schedule: bool = False
) -> tuple[int, list[Job]]:
    """Replaces all jobs of this prefix: how many were removed, and those that are there now.

    Makes the extension where it is missing and the role may. Raises NotMigrated and Unsupported.
    """
    place = cursor.execute(_PLACE).fetchone()
    if place is None:
        raise NotMigrated("Missing periodic_tasks table. Run migrations first.")
    _enable(cursor)
    removed = _unschedule(cursor, prefix)
    wanted = _for_schedules(cursor, prefix, *place) if per_schedule else _for_tick(prefix, *place)
    return removed, [_schedule(cursor, job) for job in wanted]


def remove(cursor: psycopg.Cursor, prefix: str = PREFIX) -> int:
    """Removes all jobs of this prefix; how many there were. Raises Unsupported."""
    _require_available(cursor)
    if cursor.execute(_IS_CREATED).fetchone() is None:
        return 0
    _enable(cursor)
    return _unschedule(cursor, prefix)


def _require_available(cursor: psycopg.Cursor) -> None:
    if cursor.execute(_IS_AVAILABLE).fetchone() is None:
        raise Unsupported(
            "pg_cron extension is not available on this database.",
            "pg-cron extension not available; skipping.",
        )


def _enable(cursor: psycopg.Cursor) -> None:
    _require_available(cursor)
    try:
        with cursor.connection.transaction():
            cursor.execute("create extension if not exists pg_cron")
        # Whether the server has loaded it and this role may use it, only a try tells everybody.
        with cursor.connection.transaction(force_rollback=True):
            cursor.execute(_SCHEDULE, ["reproq try", "@yearly", "SELECT 1"])
    except psycopg.Error as error:
        if is_outage(error):
            raise
        raise Unsupported(
            f"pg_cron could not be enabled: {brief(error)}",
            "pg-cron could not be enabled; skipping.",
        ) from error


def _unschedule(cursor: psycopg.Cursor, prefix: str) -> int:
    # Two deployments at once would stumble over each other's jobs.
    cursor.execute(_LOCK)
    jobs = cursor.execute(_OURS, [prefix]).fetchall()
    for number, _ in jobs:
        cursor.execute("select cron.unschedule(%s::bigint)", [number])
    return len(jobs)


def _schedule(cursor: psycopg.Cursor, job: Job) -> Job:
    """Schedule the job, once a minute where this pg_cron cannot read when it is asked for."""
    try:
        with cursor.connection.transaction():
            cursor.execute(_SCHEDULE, [job.name, job.schedule, job.command])
    except psycopg.errors.InvalidParameterValue:
        job = Job(job.name, EVERY_MINUTE, job.command)
        cursor.execute(_SCHEDULE, [job.name, job.schedule, job.command])
    return job


def _for_tick(prefix: str, place: str) -> Iterator[Job]:
    yield Job(f"{prefix}_tick", EVERY_SECOND, f"SELECT {place}reproq_tick();")


def _for_schedules(cursor: psycopg.Cursor, prefix: str, place: str) -> list[Job]:
    zone = _zone(cursor)
    function = f"{place}reproq_enqueue_periodic_task"
    jobs: list[Job] = []
    taken: set[str] = set()
    for name, expression, time_zone, literal in cursor.execute(_SCHEDULES).fetchall():
        job_name = name_of(prefix, name, taken)
        taken.add(job_name)
        if _reads_alike(expression, {time_zone, zone}):
            jobs.append(Job(job_name, expression, f"SELECT {function}({literal});"))
        else:
            # Called every minute it must not take the first call for a wish to see it run.
            command = f"SELECT {function}({literal}, only_due => true);"
            jobs.append(Job(job_name, EVERY_MINUTE, command))
    return jobs


def _zone(cursor: psycopg.Cursor) -> str:
    """The time zone in which pg_cron counts; not every role may know."""
    try:
        with cursor.connection.transaction():
            row = cursor.execute(_ZONE).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return _UNKNOWN
    return row[0] if row else _UNKNOWN


def name_of(prefix: str, name: str, taken: set[str]) -> str:
    """The name of a schedule's job: cleaned, at most 63 characters, unlike those that are taken."""
    cleaned = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
    whole = f"{prefix}_{cleaned}"
    if cleaned and len(whole) <= _LONGEST_NAME and whole not in taken:
        return whole
    digest = hashlib.sha256(name.encode()).hexdigest()
    suffixes = (f"_{digest[:size]}" for size in (8, 16, 22))
    named = (f"{whole[: _LONGEST_NAME - len(suffix)].rstrip('_')}{suffix}" for suffix in suffixes)
    return next(candidate for candidate in named if candidate not in taken)


def _reads_alike(expression: str, zones: set[str]) -> bool:
    """Whether pg_cron finds the same slots: it knows one zone, and `*/2` as a day means any day."""
    fields = expression.split()
    return zones <= _UTC and (len(fields) == 1 or "*" in (fields[2], fields[4]))
