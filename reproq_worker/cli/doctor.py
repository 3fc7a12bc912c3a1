"""`reproq doctor`: everything that could keep the queue from working, looked at once."""

import sys
from importlib.util import find_spec
from typing import Any

import click
import psycopg

from reproq_worker import install
from reproq_worker.call import call
from reproq_worker.cli.configuration import config_of
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.faults import FAILED, NO_DATABASE, Fault
from reproq_worker.cli.output import json_option, show_json
from reproq_worker.errors import ReproqError

OK, WARNING, ERROR = "ok", "warning", "error"
_TABLES = (
    "task_runs",
    "periodic_tasks",
    "reproq_workers",
    "rate_limits",
    "reproq_workflows",
    "reproq_queue_controls",
)
_OLDEST_SERVER = 140000
_ALIVE = "last_seen_at > clock_timestamp() - interval '2 minutes'"
_UNSERVED = f"""
select s.queue_name
from reproq_stats(finished_within => interval '0') as s
where s.ready > 0 and not exists (
    select from reproq_workers as w where w.queues ? s.queue_name and w.{_ALIVE}
)
"""
_BROKEN = "select p.name from periodic_tasks as p where p.enabled and p.last_error is not null"
_LATE = """
select p.name from periodic_tasks as p
where p.enabled and p.next_run_at < clock_timestamp() - interval '1 minute'
"""


class _Findings:
    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []

    def add(self, level: str, what: str, advice: str = "") -> None:
        self.rows.append({"level": level, "what": what, "advice": advice})

    def names(self, level: str, names: list[str], what: str, advice: str) -> None:
        """A finding when there are any."""
        if names:
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            self.add(level, f"{what}: {shown}", advice)

    def count(self, level: str) -> int:
        return sum(row["level"] == level for row in self.rows)


@click.command()
@dsn_option
@click.option("--strict", is_flag=True, help="Warnings end with 1, too.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, dsn: str | None, strict: bool, as_json: bool) -> None:
    """Look for whatever could keep the queue from working, and say what to do about it.

    Exit code 0: all is well; 1: something is wrong; 2: the configuration cannot be read; 3: the
    database is out of reach.

    \b
    Examples:
      reproq doctor
      reproq doctor --strict || page-somebody
    """
    found = _Findings()
    found.add(OK, f"config file: {config_of(ctx).path or 'none'}")
    try:
        with transaction(dsn) as cursor:
            _look_at_server(found, cursor)
            if _look_at_schema(found, cursor):
                _look_at_queue(found, cursor)
    except Fault as fault:
        if fault.exit_code != NO_DATABASE:
            raise
        found.add(ERROR, fault.message)
        _show(found, as_json)
        sys.exit(NO_DATABASE)
    _look_at_extras(found)
    _show(found, as_json)
    if found.count(ERROR) or (strict and found.count(WARNING)):
        sys.exit(FAILED)


def _look_at_server(found: _Findings, cursor: Any) -> None:
    version = cursor.connection.info.server_version
    if version < _OLDEST_SERVER:
        found.add(ERROR, f"PostgreSQL {version // 10000} is too old", "Use 14 or later.")
    else:
        found.add(OK, f"PostgreSQL {version // 10000}.{version % 10000}")
    [standby] = cursor.execute("select pg_is_in_recovery()").fetchone()
    if standby:
        found.add(ERROR, "this is a standby, which takes no writes", "Connect to the primary.")


def _look_at_schema(found: _Findings, cursor: Any) -> bool:
    try:
        steps = install.plan(cursor)
    except (ReproqError, psycopg.Error) as error:
        cursor.connection.rollback()
        found.add(ERROR, f"the schema does not fit: {error}", getattr(error, "hint", None) or "")
        return False
    if not install.is_installed(cursor):
        found.add(ERROR, "the schema is not installed", "Run `reproq migrate`.")
        return False
    exists = "select count(*) from unnest(%s::text[]) as t (name) where to_regclass(t.name) is null"
    missing = [t for t in _TABLES if cursor.execute(exists, [[t]]).fetchone() != (0,)]
    found.names(ERROR, missing, "missing tables", "Restore them from a backup.")
    if any("migration" in step for step in steps):
        found.add(ERROR, "the schema is older than this release", "Run `reproq migrate`.")
    elif steps:
        found.add(WARNING, "the functions are another release's", "Run `reproq migrate`.")
    elif not missing:
        found.add(OK, "the schema is that of this release")
    return not missing


def _look_at_queue(found: _Findings, cursor: Any) -> None:
    violations = [f"{row['invariant']} ({row['subject']})" for row in call(cursor, "violations")]
    found.names(ERROR, violations, "broken invariants", "Run `select reproq_repair()`; report it.")
    if not violations:
        found.add(OK, "no invariant is violated")
    workers = call(cursor, "gauges")[0]["workers"]
    found.add(OK if workers else WARNING, f"workers alive: {workers}")
    found.names(
        WARNING, _first(cursor, _UNSERVED), "no worker serves these queues", "Start one for them."
    )
    found.names(
        WARNING, _first(cursor, _BROKEN), "broken schedules", "See periodic_tasks.last_error."
    )
    found.names(
        WARNING, _first(cursor, _LATE), "schedules are late", "Start a worker or `reproq beat`."
    )
    paused = "select queue_name from reproq_queue_controls where paused"
    found.names(WARNING, _first(cursor, paused), "paused queues", "Resume them when you are done.")


def _first(cursor: Any, statement: str) -> list[str]:
    """The first column; nothing where a role may only call functions."""
    try:
        with cursor.connection.transaction():
            return [row[0] for row in cursor.execute(statement).fetchall()]
    except psycopg.errors.InsufficientPrivilege:
        return []


def _look_at_extras(found: _Findings) -> None:
    for module, extra, what in (
        ("uvicorn", "metrics", "/metrics, /healthz and /events"),
        ("yaml", "yaml", "configuration in YAML"),
    ):
        state = "can be had" if find_spec(module) else f"needs pip install 'reproq[{extra}]'"
        found.add(OK, f"{what}: {state}")


def _show(found: _Findings, as_json: bool) -> None:
    errors, warnings = found.count(ERROR), found.count(WARNING)
    if as_json:
        show_json({"errors": errors, "warnings": warnings, "findings": found.rows})
        return
    for row in found.rows:
        click.echo(
            f"{row['level']:<8} {row['what']}" + (f"  {row['advice']}" * bool(row["advice"]))
        )
    click.echo(f"Doctor found {errors} error(s) and {warnings} warning(s).")
