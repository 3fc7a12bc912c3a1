"""`reproq pause-queue` and `reproq resume-queue`: hold a queue's line, let it go on."""

from collections.abc import Callable
from typing import Any

import click

from reproq_worker.call import call, call_value
from reproq_worker.cli.database import dsn_option, each_database


def _queue(command: Callable[..., Any]) -> Callable[..., Any]:
    """The queue, by its place or by an option."""
    by_option = click.option("--queue", "by_option", metavar="QUEUE", help="The same as QUEUE.")
    return click.argument("queue", required=False)(by_option(command))


@click.command("pause-queue")
@dsn_option
@_queue
@click.option("--reason", help="Why; shown to whoever asks why a run is not running.")
def pause_queue(
    dsn: str | None, queue: str | None, by_option: str | None, reason: str | None
) -> None:
    """Start no more runs of a queue. What runs goes on, and enqueues are taken.

    \b
    Examples:
      reproq pause-queue mail --reason "the mail server moves"
      reproq pause-queue --queue mail
    """
    name = _one(queue, by_option)
    for database, cursor in each_database(dsn):
        call(cursor, "pause_queue", queue=name, reason=reason)
        click.echo(f"Paused queue {name} ({database}).")


@click.command("resume-queue")
@dsn_option
@_queue
def resume_queue(dsn: str | None, queue: str | None, by_option: str | None) -> None:
    """Start runs of a paused queue again, and wake its workers.

    \b
    Example:
      reproq resume-queue mail
    """
    name = _one(queue, by_option)
    for database, cursor in each_database(dsn):
        if call_value(cursor, "resume_queue", queue=name):
            click.echo(f"Resumed queue {name} ({database}).")
        else:
            click.echo(f"Queue {name} was not paused ({database}).")


def _one(queue: str | None, by_option: str | None) -> str:
    if (queue is None) == (by_option is None):
        raise click.UsageError("Name one queue.")
    return str(queue or by_option)
