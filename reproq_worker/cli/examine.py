"""What can be wrong with a database that holds a queue, and with the queue in it."""

from typing import Any

import psycopg

from reproq_worker import __version__, install
from reproq_worker.call import call
from reproq_worker.cli.findings import ERROR, OK, WARNING, Findings, first_column
from reproq_worker.errors import ReproqError

_TABLES = (
    "task_runs",
    "periodic_tasks",
    "reproq_workers",
    "rate_limits",
    "reproq_workflows",
    "workflow_runs",
    "reproq_queue_controls",
)
_OLDEST_SERVER = 140000
_MISSING = "select t.name from unnest(%s::text[]) as t (name) where to_regclass(t.name) is null"
_SETTINGS = """
select
    current_setting('default_transaction_isolation'),
    current_setting('default_transaction_read_only')::boolean,
    current_setting('server_encoding'),
    current_setting('autovacuum')::boolean
"""
# Half of the way there and back is on either side of the answer.
_CLOCK = "select extract(epoch from clock_timestamp())::float8"
_OPEN_LONG = """
select format('%s (%s)', a.pid, coalesce(nullif(a.application_name, ''), a.usename))
from pg_stat_activity as a
where a.datname = current_database() and a.pid <> pg_backend_pid()
    and a.xact_start < clock_timestamp() - interval '1 hour'
order by a.xact_start
"""
_CONNECTIONS = """
select (count(*) > 0.9 * current_setting('max_connections')::integer)
from pg_stat_activity as a
where a.backend_type = 'client backend'
"""
_ALIVE = "last_seen_at > clock_timestamp() - interval '2 minutes'"
_UNSERVED = f"""
select s.queue_name
from reproq_stats(finished_within => interval '0') as s
where s.ready > 0 and not exists (
    select from reproq_workers as w where w.queues ? s.queue_name and w.{_ALIVE}
)
"""
_OTHER_VERSIONS = f"""
select format('%%s (%%s)', w.worker_id, coalesce(w.version, 'unknown'))
from reproq_workers as w
where w.{_ALIVE} and w.version is distinct from %s
order by w.worker_id
"""
_STALE = f"select w.worker_id from reproq_workers as w where not w.{_ALIVE} order by 1"
_BROKEN = "select p.name from periodic_tasks as p where p.enabled and p.last_error is not null"
_LATE = """
select p.name from periodic_tasks as p
where p.enabled and p.next_run_at < clock_timestamp() - interval '1 minute'
"""
# A queue that nobody serves is found above once something is in it; a schedule will see to that.
_UNSERVED_SCHEDULES = f"""
select format('%s (%s)', p.name, p.queue_name)
from periodic_tasks as p
where p.enabled and not exists (
    select from reproq_workers as w where w.queues ? p.queue_name and w.{_ALIVE}
)
order by p.name
"""
_PAUSED = "select c.queue_name from reproq_queue_controls as c where c.paused order by 1"
_MAY_NOT = """
select r.function_name
from reproq_rights() as r
where r.kind = %s and not has_function_privilege(to_regproc(r.function_name), 'execute')
"""
# Told apart, roles call functions that work with their owner's rights.
_TOLD_APART = "select p.prosecdef from pg_proc as p where p.oid = to_regproc('reproq_enqueue')"
_WITH_TABLE_RIGHTS = """
select distinct format('%s (%s)', r.rolname, c.relname)
from pg_class as c
cross join pg_roles as r
where c.oid = 'task_runs'::regclass
    and not r.rolsuper and r.rolcanlogin
    and not pg_has_role(r.oid, c.relowner, 'member')
    and has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate')
"""


def missing_tables(cursor: Any) -> list[str]:
    """The tables that ought to be there and are not."""
    return first_column(cursor, _MISSING, list(_TABLES))


def look_at_server(found: Findings, cursor: Any) -> None:
    """Its version, and settings under which a queue cannot work."""
    version = cursor.connection.info.server_version
    if version < _OLDEST_SERVER:
        found.add(ERROR, f"PostgreSQL {version // 10000} is too old", "Use 14 or later.")
    else:
        found.add(OK, f"PostgreSQL {version // 10000}.{version % 10000}")
    [standby] = cursor.execute("select pg_is_in_recovery()").fetchone()
    if standby:
        found.add(ERROR, "this is a standby, which takes no writes", "Connect to the primary.")
        return
    isolation, read_only, encoding, autovacuum = cursor.execute(_SETTINGS).fetchone()
    if isolation not in ("read committed", "read uncommitted"):
        found.add(
            ERROR,
            f"transactions are {isolation} by default, in which no run can be claimed or finished",
            "Set default_transaction_isolation to read committed for this role or database.",
        )
    if read_only:
        found.add(
            ERROR,
            "transactions are read-only by default",
            "Set default_transaction_read_only to off for this role or database.",
        )
    if encoding != "UTF8":
        advice = "Arguments with other letters are refused; make a database in UTF8."
        found.add(WARNING, f"the database is encoded in {encoding}", advice)
    if not autovacuum:
        found.add(WARNING, "autovacuum is off", "Dead rows pile up: switch it on.")
    if cursor.execute(_CONNECTIONS).fetchone()[0]:
        advice = "Raise max_connections, or put PgBouncer between."
        found.add(WARNING, "nine of ten connections of the server are taken", advice)
    found.names(
        WARNING,
        first_column(cursor, _OPEN_LONG),
        "transactions that are open for more than an hour",
        "Vacuum cannot clean behind them: end what forgot to commit.",
    )


def look_at_schema(found: Findings, cursor: Any) -> bool:
    """Whether it is there and of this release; False where one need not look any further."""
    try:
        steps = install.plan(cursor)
    except (ReproqError, psycopg.Error) as error:
        cursor.connection.rollback()
        found.add(ERROR, f"the schema does not fit: {error}", getattr(error, "hint", None) or "")
        return False
    if not install.is_installed(cursor):
        found.add(ERROR, "the schema is not installed", "Run `reproq migrate`.")
        return False
    missing = missing_tables(cursor)
    found.names(ERROR, missing, "missing tables", "Restore them from a backup.")
    if any("migration" in step for step in steps):
        found.add(ERROR, "the schema is older than this release", "Run `reproq migrate`.")
    elif steps:
        found.add(WARNING, "the functions are another release's", "Run `reproq migrate`.")
    elif not missing:
        found.add(OK, "the schema is that of this release")
    return not missing


def look_at_roles(found: Findings, cursor: Any) -> None:
    """Whether this role may do what a worker does, and nobody more than he should."""
    for kind in ("producer", "worker"):
        denied = first_column(cursor, _MAY_NOT, kind)
        found.names(WARNING, denied, f"this role is no {kind}: it may not call", "`reproq grant`.")
    if cursor.execute(_TOLD_APART).fetchone() == (True,):
        found.names(
            WARNING,
            first_column(cursor, _WITH_TABLE_RIGHTS),
            "roles are told apart, but these may write the table itself",
            "Revoke that: functions are all they need.",
        )


def look_at_queue(found: Findings, cursor: Any) -> None:
    """What keeps runs from being started, or will."""
    violations = [f"{row['invariant']} ({row['subject']})" for row in call(cursor, "violations")]
    found.names(ERROR, violations, "broken invariants", "Run `select reproq_repair()`; report it.")
    if not violations:
        found.add(OK, "no invariant is violated")
    workers = call(cursor, "gauges")[0]["workers"]
    advice = "" if workers else "Start `reproq worker`."
    found.add(OK if workers else WARNING, f"workers alive: {workers}", advice)
    look = [
        (_UNSERVED, "no worker serves these queues", "Start one for them, with --queues."),
        (_BROKEN, "broken schedules", "See periodic_tasks.last_error."),
        (_LATE, "schedules are late", "Start a worker or `reproq beat`."),
        (_PAUSED, "paused queues", "`reproq resume-queue` when you are done."),
        (_STALE, "workers that are gone without a word", "`reproq prune-workers` forgets them."),
    ]
    if workers:
        advice = "Start one for their queues, or they will pile up."
        look.append((_UNSERVED_SCHEDULES, "no worker serves the queues of schedules", advice))
    for statement, what, advice in look:
        found.names(WARNING, first_column(cursor, statement), what, advice)
    others = first_column(cursor, _OTHER_VERSIONS, __version__)
    found.names(WARNING, others, f"workers of another release than {__version__}", "Restart them.")
    if (lapsed := sum(queue["leases_lost"] for queue in call(cursor, "stats"))) and not workers:
        advice = "Nobody keeps time: start a worker or `reproq beat`, or `reproq reclaim`."
        found.add(WARNING, f"leases ran out and were not taken back: {lapsed}", advice)


def clock_difference(cursor: Any, now: float) -> float:
    """By how many seconds the database's clock is ahead of this moment."""
    [theirs] = first_column(cursor, _CLOCK)
    return float(theirs) - now
