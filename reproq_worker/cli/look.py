"""Commands that look and change nothing."""

from typing import Any

import click

from reproq_worker.call import call
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.operate import id_option
from reproq_worker.cli.output import json_option, show


@click.command()
@dsn_option
@id_option
@json_option
def explain(dsn: str | None, result_id: int, as_json: bool) -> None:
    """Say why a run is not running, and when it can at the earliest.

    Every reason there is gets a line: a full lock, a paused queue, a run that it waits for, no
    worker that serves its queue.

    \b
    Examples:
      reproq explain --id 42
      reproq explain --id 42 --json | jq -r '.[].reason'
    """
    show(_rows(dsn, "explain", result_id=result_id), as_json)


@click.command()
@dsn_option
@json_option
def stats(dsn: str | None, as_json: bool) -> None:
    """Count the runs of each queue by status: the live ones, and those that ended within a day.

    \b
    Examples:
      reproq stats
      reproq stats --json | jq '.[] | select(.ready > 1000) | .queue_name'
    """
    show(_rows(dsn, "stats"), as_json)


def _rows(dsn: str | None, function: str, **params: Any) -> list[dict[str, Any]]:
    with transaction(dsn) as cursor:
        return call(cursor, function, **params)
