"""Commands that look and change nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from reproq_worker.call import call
from reproq_worker.cli.database import dsn_option, each_database, on_each_database, transaction
from reproq_worker.cli.operate import id_option
from reproq_worker.cli.output import json_option, show, show_json

_STATUSES = (
    *("SCHEDULED", "WAITING", "BLOCKED", "READY", "RUNNING"),
    *("SUCCESSFUL", "FAILED", "CANCELLED"),
)


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
    with transaction(dsn) as cursor:
        rows = call(cursor, "explain", result_id=result_id)
    show(rows, as_json)


@on_each_database
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
    found = {}
    workers = 0
    for name, cursor in each_database(dsn):
        found[name] = call(cursor, "stats")
        [gauges] = call(cursor, "gauges")
        workers += gauges["workers"]
    if as_json:
        show_json(_in_one_list(found))
        return
    for name, queues in found.items():
        if len(found) > 1:
            click.secho(f"Database {name}", bold=True)
        show(queues, False, "No queues yet.")
        click.echo()
    _show_sums([queue for queues in found.values() for queue in queues], workers)


def _in_one_list(found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What is said of each queue, with its database where there are several."""
    if len(found) == 1:
        [queues] = found.values()
        return queues
    return [{"database": name, **queue} for name, queues in found.items() for queue in queues]


def _show_sums(queues: Sequence[dict[str, Any]], workers: int) -> None:
    sums = Counter(dict.fromkeys(_STATUSES, 0))
    for queue in queues:
        sums.update({status: queue[status.lower()] for status in _STATUSES})
    click.echo("Tasks by Status:")
    for status, number in sums.items():
        click.echo(f"  {status:<11}{number}")
    click.echo(f"Active Workers: {workers}")
