"""`reproq prune`: delete what nobody will ask for."""

import click
import psycopg

from reproq_worker.call import call_value
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.output import json_option, show_json

_BATCH = 1000


@click.group()
def prune() -> None:
    """Delete runs."""


@prune.command()
@dsn_option
@click.option("--limit", type=click.IntRange(1), help="At most so many.  [default: no limit]")
@click.option("--dry-run", is_flag=True, help="Count them, and delete none.")
@json_option
def expired(dsn: str | None, limit: int | None, dry_run: bool, as_json: bool) -> None:
    """Delete every run whose expiry has passed, finished or not, but for running ones.

    In batches, beside the load. What a waiting run still needs stays.

    \b
    Examples:
      reproq prune expired --dry-run
      reproq prune expired --limit 10000
    """
    with transaction(dsn) as cursor:
        if dry_run:
            number = call_value(cursor, "prune_expired", max_tasks=limit, dry_run=True)
        else:
            number = _delete(cursor, limit)
    if as_json:
        show_json({"pruned": 0 if dry_run else number, "matching": number})
    else:
        click.echo(f"{'Would prune' if dry_run else 'Pruned'} {number} expired task(s)")


def _delete(cursor: psycopg.Cursor, limit: int | None) -> int:
    number = 0
    while limit is None or number < limit:
        batch = _BATCH if limit is None else min(_BATCH, limit - number)
        deleted = call_value(cursor, "prune_expired", max_tasks=batch)
        cursor.connection.commit()
        number += deleted
        if deleted < batch:
            break
    return number
