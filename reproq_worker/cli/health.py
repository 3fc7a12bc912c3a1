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

_OF_A_WORKER = ("worker_id", "hostname", "queues", "last_seen_at")
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
    schedules = call(cursor, "schedules")
    workers = call(cursor, "known_workers")
    return {
        "counts": {name: gauges[name] for name in _LIVE}
        | {
            f"{name}_within_a_day": sum(queue[name] for queue in finished)
            for name in ("successful", "failed", "cancelled")
        },
        "recent": call(cursor, "recent_runs", max_tasks=recent),
        "workers": [
            {name: worker[name] for name in _OF_A_WORKER}
            | {"state": "ALIVE" if worker["unseen_for"] < stale else "STALE"}
            for worker in workers
        ],
        "enabled_schedules": sum(schedule["enabled"] for schedule in schedules),
    }


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
