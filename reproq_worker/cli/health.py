"""`reproq health`: the queue in one screen, for a person who has just logged in."""

from datetime import timedelta
from typing import Any

import click
import psycopg

from reproq_worker.call import call
from reproq_worker.cli.database import dsn_option, each_database, on_each_database
from reproq_worker.cli.examine import missing_tables
from reproq_worker.cli.faults import FAILED, Fault
from reproq_worker.cli.output import cell, json_option, show_json

# By its key: the latest runs are found without looking at the others.
_RECENT = """
select r.result_id, r.status, r.queue_name, r.task_path, r.enqueued_at
from task_runs r
order by r.result_id desc
limit %s
"""
_WORKERS = """
select
    w.worker_id, w.hostname, w.queues, w.last_seen_at,
    case when w.last_seen_at > clock_timestamp() - %s then 'ALIVE' else 'STALE' end as state
from reproq_workers w
order by w.last_seen_at desc, w.worker_id
"""
_SCHEDULES = "select count(*) from periodic_tasks p where p.enabled"
_LIVE = ("ready", "running", "blocked", "scheduled", "waiting")


@on_each_database
@click.command()
@dsn_option
@click.option(
    "--stale-minutes",
    type=click.FloatRange(0, min_open=True),
    default=2,
    show_default=True,
    help="A worker that was not seen for so long counts as gone.",
)
@click.option(
    "--recent-limit",
    type=click.IntRange(0, 1000),
    default=5,
    show_default=True,
    help="So many of the latest tasks.",
)
@json_option
def health(dsn: str | None, stale_minutes: float, recent_limit: int, as_json: bool) -> None:
    """Show the database, its tables, how full it is, the latest tasks, workers and schedules.

    \b
    Example:
      reproq health --recent-limit 20
    """
    stale = timedelta(minutes=stale_minutes)
    found = {name: _look(cursor, stale, recent_limit) for name, cursor in each_database(dsn)}
    if as_json:
        show_json(found)
        return
    for name, facts in found.items():
        _show(name, facts)


def _look(cursor: psycopg.Cursor, stale: timedelta, recent: int) -> dict[str, Any]:
    if missing := missing_tables(cursor):
        raise Fault(f"missing tables: {', '.join(missing)}", FAILED, "Run `reproq migrate`.")
    [gauges] = call(cursor, "gauges")
    finished = call(cursor, "stats")
    [schedules] = cursor.execute(_SCHEDULES).fetchone() or (0,)
    return {
        "counts": {name: gauges[name] for name in _LIVE}
        | {
            f"{name}_within_a_day": sum(queue[name] for queue in finished)
            for name in ("successful", "failed", "cancelled")
        },
        "recent": _rows(cursor, _RECENT, recent),
        "workers": _rows(cursor, _WORKERS, stale),
        "enabled_schedules": schedules,
    }


def _rows(cursor: psycopg.Cursor, statement: str, value: object) -> list[dict[str, Any]]:
    cursor.execute(statement, [value])
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _show(name: str, facts: dict[str, Any]) -> None:
    click.echo(f"Database: ok ({name})")
    click.echo("Tables: ok")
    click.echo("Tasks: " + ", ".join(f"{n} {key}" for key, n in facts["counts"].items()))
    click.echo("Recent tasks:" if facts["recent"] else "Recent tasks: none")
    for run in facts["recent"]:
        click.echo("  " + "  ".join(cell(value) for value in run.values()))
    click.echo("Workers:" if facts["workers"] else "Workers: none")
    for worker in facts["workers"]:
        values = (cell(worker[key]) for key in ("state", "worker_id", "queues", "last_seen_at"))
        click.echo("  " + "  ".join(values))
    click.echo(f"Enabled periodic tasks: {facts['enabled_schedules']}")
