"""`reproq prune`: delete what nobody will ask for."""

from typing import Any

import click

from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.output import json_option, show_json

_BATCH = 1000
_MATCHING = "r.expires_at <= _reproq_now() and r.status <> 'RUNNING'"
_COUNT = f"""
select count(*)
from (select 1 from task_runs as r where {_MATCHING} limit %s) as r
"""
_DELETE = f"""
delete from task_runs
where result_id = any(array(
    select r.result_id
    from task_runs as r
    where {_MATCHING}
    order by r.result_id
    limit %s
    for update of r skip locked
))
"""


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

    In batches, beside the load. Those that wait for a run that is deleted unfinished fail.

    \b
    Examples:
      reproq prune expired --dry-run
      reproq prune expired --limit 10000
    """
    with transaction(dsn) as cursor:
        if dry_run:
            [number] = cursor.execute(_COUNT, [limit]).fetchone() or (0,)
        else:
            number = _delete(cursor, limit)
    if as_json:
        show_json({"pruned": 0 if dry_run else number, "matching": number})
    else:
        click.echo(f"{'Would prune' if dry_run else 'Pruned'} {number} expired task(s)")


def _delete(cursor: Any, limit: int | None) -> int:
    number = 0
    while limit is None or number < limit:
        batch = _BATCH if limit is None else min(_BATCH, limit - number)
        deleted = cursor.execute(_DELETE, [batch]).rowcount
        cursor.connection.commit()
        number += deleted
        if deleted < batch:
            break
    return number
