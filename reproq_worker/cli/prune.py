"""`reproq prune` and its kin: delete what nobody will ask for."""

from datetime import timedelta
from typing import Any

import click
from click.core import ParameterSource

from reproq_worker.call import call_value
from reproq_worker.cli.batches import in_batches
from reproq_worker.cli.database import dsn_option, each_database, on_each_database
from reproq_worker.cli.output import json_option, show_json
from reproq_worker.cli.types import DURATION

FINISHED = ("SUCCESSFUL", "FAILED", "CANCELLED")
_FIELDS = ("finished_at", "updated_at", "enqueued_at", "started_at")

limit_option = click.option(
    "--limit", type=click.IntRange(0), default=0, help="At most so many.  [default: 0, all]"
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Count them, and delete none.")
older_than_option = click.option(
    "--older-than", type=DURATION, help="Those that are older than this.  [default: 7d]"
)
_WEEK = timedelta(days=7)


@on_each_database
@click.group(invoke_without_command=True)
@dsn_option
@click.option(
    "--statuses",
    "--status",
    "statuses",
    multiple=True,
    metavar="STATUS,...",
    help="Of these statuses; separated by commas, or given again.  [default: all that are final]",
)
@older_than_option
@click.option("--days", type=click.IntRange(0), help="The same, in days.")
@limit_option
@click.option(
    "--field",
    type=click.Choice(_FIELDS),
    default="finished_at",
    show_default=True,
    help="Which of its times makes it old.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 100000),
    default=1000,
    show_default=True,
    help="So many in one transaction.",
)
@dry_run_option
@json_option
@click.pass_context
def prune(
    ctx: click.Context,
    dsn: str | None,
    statuses: tuple[str, ...],
    older_than: float | None,
    days: int | None,
    limit: int,
    field: str,
    batch_size: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Delete finished runs, in batches, beside the load.

    What a waiting run still needs stays. Where a task has a RESULT_TTL nobody need do this.

    \b
    Examples:
      reproq prune --dry-run
      reproq prune --statuses SUCCESSFUL,CANCELLED --older-than 30d --limit 100000
      reproq prune expired
    """
    if ctx.invoked_subcommand is not None:
        _refuse_options_before(ctx)
        return
    if older_than is not None and days is not None:
        raise click.UsageError("Choose either --older-than or --days, not both.")
    asked = {
        "statuses": _read_statuses(statuses),
        "older_than": timedelta(days=days) if days is not None else _age(older_than),
        "field": field,
    }
    number = _on_each(dsn, "prune", limit, dry_run, batch_size, asked)
    _report(number, "task(s)", dry_run, as_json)


@on_each_database
@click.command("prune-successful")
@dsn_option
@older_than_option
@limit_option
@dry_run_option
@json_option
def prune_successful(
    dsn: str | None, older_than: float | None, limit: int, dry_run: bool, as_json: bool
) -> None:
    """Delete runs that have succeeded: the same as prune with --statuses SUCCESSFUL.

    \b
    Example:
      reproq prune-successful --older-than 1d
    """
    asked = {"statuses": ["SUCCESSFUL"], "older_than": _age(older_than)}
    number = _on_each(dsn, "prune", limit, dry_run, 1000, asked)
    _report(number, "successful task(s)", dry_run, as_json)


@on_each_database
@click.command("prune-workers")
@dsn_option
@click.option(
    "--older-than",
    type=DURATION,
    default="10m",
    show_default=True,
    help="Those that were not seen for so long; at least a minute.",
)
@dry_run_option
@json_option
def prune_workers(dsn: str | None, older_than: float, dry_run: bool, as_json: bool) -> None:
    """Forget workers that are gone: those that had no time to say so.

    \b
    Example:
      reproq prune-workers --older-than 1d
    """
    asked = {"older_than": timedelta(seconds=older_than), "dry_run": dry_run}
    number = sum(call_value(cursor, "prune_workers", **asked) for _, cursor in each_database(dsn))
    _report(number, "stale worker(s)", dry_run, as_json)


@on_each_database
@prune.command()
@dsn_option
@limit_option
@dry_run_option
@json_option
def expired(dsn: str | None, limit: int, dry_run: bool, as_json: bool) -> None:
    """Delete every run whose expiry has passed, finished or not, but for running ones.

    In batches, beside the load. What a waiting run still needs stays.

    \b
    Examples:
      reproq prune expired --dry-run
      reproq prune expired --limit 10000
    """
    number = _on_each(dsn, "prune_expired", limit, dry_run, 1000, {})
    if as_json:
        show_json({"pruned": 0 if dry_run else number, "matching": number})
    else:
        click.echo(f"{'Would prune' if dry_run else 'Pruned'} {number} expired task(s)")


def _refuse_options_before(ctx: click.Context) -> None:
    """An option of `prune` says nothing to its subcommand, and --dry-run is no word to ignore."""
    given = [
        param.opts[0]
        for param in ctx.command.params
        if param.name and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"{given[0]} belongs after {ctx.invoked_subcommand}.")


def _read_statuses(given: tuple[str, ...]) -> list[str]:
    words = [word.strip().upper() for text in given for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in FINISHED]
    if unknown:
        raise click.UsageError(f"--statuses takes {', '.join(FINISHED)}, not {unknown[0]}.")
    return list(dict.fromkeys(words)) or list(FINISHED)


def _age(older_than: float | None) -> timedelta:
    return _WEEK if older_than is None else timedelta(seconds=older_than)


def _on_each(
    dsn: str | None, function: str, limit: int, dry_run: bool, batch: int, asked: dict[str, Any]
) -> int:
    number = 0
    for _, cursor in each_database(dsn):
        if dry_run:
            number += call_value(cursor, function, max_tasks=limit or None, dry_run=True, **asked)
        else:
            number += in_batches(cursor, function, limit, batch, **asked)
    return number


def _report(number: int, what: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        show_json({"deleted": 0 if dry_run else number, "matching": number})
    elif dry_run:
        click.echo(f"Dry run: {number} {what} would be deleted.")
    else:
        click.echo(f"Deleted {number} {what}.")
