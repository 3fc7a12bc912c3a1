"""`reproq triage`: the runs that failed for good, one after another or all at once."""

from typing import Any

import click
import psycopg

from reproq_worker.call import call, call_value
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.operate import id_option
from reproq_worker.cli.output import cell, json_option, show, show_json

_NINE = {
    "Queue": "queue_name",
    "Task Path": "task_path",
    "Status": "status",
    "Attempts": "attempts",
    "Failed At": "failed_at",
    "Last Error": "last_error",
    "Spec JSON": "spec_json",
    "Errors JSON": "errors_json",
}
_LISTED = {
    "ID": "result_id",
    "Queue": "queue_name",
    "Task": "task_path",
    "Attempts": "attempts",
    "FailedAt": "failed_at",
    "LastError": "last_error",
}
#: With the clock of the database: what fails again meanwhile is not retried for ever.
_NOW = "select clock_timestamp()"

queue_option = click.option("--queue", help="Of this queue alone.")


@click.group()
def triage() -> None:
    """Look at the runs that failed for good, and give them another start.

    \b
    Examples:
      reproq triage list --queue mail
      reproq triage inspect --id 42
      reproq triage retry --all --queue mail
    """


@triage.command("list")
@dsn_option
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many."
)
@queue_option
@json_option
def list_failed(dsn: str | None, limit: int, queue: str | None, as_json: bool) -> None:
    """List failed runs, the latest first.

    With --json also the kind of the error and which run keeps a retry from happening, if any.
    """
    with transaction(dsn) as cursor:
        rows = call(cursor, "failed_runs", queue=queue, max_tasks=limit)
    if not as_json:
        rows = [{head: row[column] for head, column in _LISTED.items()} for row in rows]
    show(rows, as_json, "No failed tasks.")


@triage.command()
@dsn_option
@id_option
@json_option
def inspect(dsn: str | None, result_id: int, as_json: bool) -> None:
    """Show a run with its arguments and every error that it met; with --json all of its record."""
    with transaction(dsn) as cursor:
        [row] = call(cursor, "inspect", result_id=result_id)
    if as_json:
        show_json({"result_id": result_id, **row})
        return
    click.echo(f"Result ID: {result_id}")
    for label, column in _NINE.items():
        value = row[column]
        if isinstance(value, dict | list):
            click.echo(f"{label}:")
            show_json(value)
        else:
            click.echo(f"{label}: {cell(value)}")


@triage.command("retry")
@dsn_option
@click.option("--id", "result_id", type=int, help="This run.")
@click.option("--all", "every", is_flag=True, help="Every run that has failed.")
@queue_option
@json_option
def retry_failed(
    dsn: str | None, result_id: int | None, every: bool, queue: str | None, as_json: bool
) -> None:
    """Start failed runs anew: each under its own id, with all of its attempts.

    --all passes over runs whose twin is queued again and those behind another failed run; for a
    single one that is exit code 4.
    """
    if (result_id is None) == (not every):
        raise click.UsageError("Provide exactly one of --id or --all.")
    with transaction(dsn) as cursor:
        if result_id is None:
            retried = _retry_all(cursor, queue)
        else:
            call_value(cursor, "retry", result_id=result_id)
            retried = [result_id]
    if as_json:
        show_json({"retried": retried})
    else:
        click.echo(f"Retried {len(retried)} task(s)" if retried else "No failed tasks updated.")


def _retry_all(cursor: psycopg.Cursor, queue: str | None) -> list[int]:
    """In batches, each in a transaction of its own, so that nobody waits for all of them."""
    [now] = cursor.execute(_NOW).fetchone() or (None,)
    retried: list[int] = []
    limits: dict[str, Any] = {"queue": queue, "failed_before": now}
    while rows := call(cursor, "retry_failed", **limits):
        cursor.connection.commit()
        retried += [row["result_id"] for row in rows]
    return retried
