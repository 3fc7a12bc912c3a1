"""`reproq reclaim`: take back what lost workers hold, at once and on one's own terms."""

from datetime import timedelta

import click

from reproq_worker.call import call_value
from reproq_worker.cli.batches import in_batches
from reproq_worker.cli.database import dsn_option, each_database, on_each_database
from reproq_worker.cli.output import json_option, show_json
from reproq_worker.cli.types import DURATION

_SAID = {"requeue": "Requeued {} task(s).", "fail": "Marked {} task(s) failed."}


@on_each_database
@click.command()
@dsn_option
@click.option(
    "--action",
    type=click.Choice(["requeue", "fail"]),
    default="requeue",
    show_default=True,
    help="Back into the line (FAILED after too many lost leases), or FAILED at once.",
)
@click.option(
    "--older-than",
    type=DURATION,
    default="0s",
    show_default=True,
    help="Leases that ran out at least so long ago.",
)
@click.option(
    "--limit", type=click.IntRange(0), default=0, show_default=True, help="At most so many; 0: all."
)
@click.option("--dry-run", is_flag=True, help="Count them, and touch none.")
@click.option(
    "--include-null-lease",
    is_flag=True,
    help="Also running tasks that have no lease at all; looks through every record.",
)
@json_option
def reclaim(
    dsn: str | None,
    action: str,
    older_than: float,
    limit: int,
    dry_run: bool,
    include_null_lease: bool,
    as_json: bool,
) -> None:
    """Take back running tasks whose lease ran out.

    Workers and beats do it every second by themselves: this is for where none runs, and for
    whoever wants them failed. One whose cancellation was asked for ends as CANCELLED.

    \b
    Examples:
      reproq reclaim --dry-run
      reproq reclaim --action fail --older-than 1h
    """
    asked = {
        "action": action,
        "older_than": timedelta(seconds=older_than),
        "include_null_lease": include_null_lease,
    }
    number = 0
    for _, cursor in each_database(dsn):
        if dry_run:
            number += call_value(cursor, "reclaim", max_tasks=limit or None, dry_run=True, **asked)
        else:
            number += in_batches(cursor, "reclaim", limit, **asked)
    if as_json:
        show_json({"reclaimed": 0 if dry_run else number, "matching": number, "action": action})
    elif dry_run:
        click.echo(f"Dry run: {number} task(s) match reclaim criteria.")
    else:
        click.echo(_SAID[action].format(number) if number else "No expired leases found.")
