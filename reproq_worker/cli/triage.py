"""`reproq triage`: the runs that failed for good, one after another or all at once."""

from collections.abc import Sequence
from typing import Any

import click
from psycopg.rows import dict_row

from reproq_worker.call import call_value
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.faults import FAILED, REFUSED, Fault
from reproq_worker.cli.operate import id_option
from reproq_worker.cli.output import cell, json_option, show, show_json
from reproq_worker.errors import RunNotFound, WrongState

# By the index over failed_at, newest first: it is null on every run that has not failed.
_FAILED = """
select
    r.result_id as "ID", r.queue_name as "Queue", r.task_path as "Task",
    r.attempts as "Attempts", r.failed_at as "FailedAt", r.last_error as "LastError"
from task_runs as r
where r.failed_at is not null and (%(queue)s::text is null or r.queue_name = %(queue)s)
order by r.failed_at desc, r.result_id desc
limit %(limit)s
"""
_RUN = """
select
    r.result_id as "Result ID", r.queue_name as "Queue", r.task_path as "Task Path",
    r.status as "Status", r.attempts as "Attempts", r.failed_at as "Failed At",
    r.last_error as "Last Error", r.spec_json as "Spec JSON", r.errors_json as "Errors JSON"
from task_runs as r
where r.result_id = %s
"""
_IDS = """
select r.result_id
from task_runs as r
where r.failed_at is not null and (%(queue)s::text is null or r.queue_name = %(queue)s)
order by r.failed_at, r.result_id
"""

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
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many."
)
@queue_option
@json_option
def list_failed(dsn: str | None, limit: int, queue: str | None, as_json: bool) -> None:
    """List failed runs, the latest first."""
    show(_rows(dsn, _FAILED, {"queue": queue, "limit": limit}), as_json, "No failed tasks.")


@triage.command()
@dsn_option
@id_option
@json_option
def inspect(dsn: str | None, result_id: int, as_json: bool) -> None:
    """Show a run with its arguments and every error that it met."""
    rows = _rows(dsn, _RUN, [result_id])
    if not rows:
        raise Fault(f"there is no run {result_id}", FAILED)
    if as_json:
        show_json(rows[0])
        return
    for label, value in rows[0].items():
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

    A run whose twin is queued again, or that stands behind another failed one, is passed over and
    named; for a single one that is exit code 4.
    """
    if (result_id is None) == (not every):
        raise click.UsageError("Provide exactly one of --id or --all.")
    with transaction(dsn) as cursor:
        if result_id is None:
            ids = [row[0] for row in cursor.execute(_IDS, {"queue": queue}).fetchall()]
        else:
            ids = [result_id]
        retried, refused = _retry(cursor, ids)
    if result_id is not None and refused:
        raise Fault(refused[result_id], REFUSED)
    if as_json:
        show_json({"retried": retried, "refused": refused})
        return
    for reason in refused.values():
        click.echo(reason, err=True)
    click.echo(f"Retried {len(retried)} task(s)" if retried else "No failed tasks updated.")


def _retry(cursor: Any, ids: Sequence[int]) -> tuple[list[int], dict[int, str]]:
    """Retry each in a transaction of its own, so that nobody waits for all of them."""
    retried: list[int] = []
    refused: dict[int, str] = {}
    for result_id in ids:
        cursor.connection.commit()
        try:
            call_value(cursor, "retry", result_id=result_id)
        except WrongState as error:
            cursor.connection.rollback()
            refused[result_id] = str(error)
        except RunNotFound:
            cursor.connection.rollback()
            if len(ids) == 1:
                raise
        else:
            retried.append(result_id)
    return retried, refused


def _rows(dsn: str | None, statement: str, params: Any) -> list[dict[str, Any]]:
    with transaction(dsn) as cursor, cursor.connection.cursor(row_factory=dict_row) as rows:
        return rows.execute(statement, params).fetchall()
