"""`reproq doctor` and `reproq check`: what could keep the queue from working, looked at once."""

import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from reproq_worker.cli import examine
from reproq_worker.cli.configuration import config_of
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.faults import FAILED, NO_DATABASE, Fault
from reproq_worker.cli.findings import ERROR, OK, WARNING, Findings
from reproq_worker.cli.output import json_option
from reproq_worker.cli.worker import worker, worker_config
from reproq_worker.errors import ConfigError

_CLOCK_TOLERANCE = 30

strict_option = click.option("--strict", is_flag=True, help="Warnings end with 1, too.")


@click.command()
@dsn_option
@strict_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, dsn: str | None, strict: bool, as_json: bool) -> None:
    """Look for whatever could keep the queue from working, and say what to do about it.

    Exit code 0: all is well; 1: something is wrong; 2: the configuration cannot be read; 3: the
    database is out of reach.

    \b
    Examples:
      reproq doctor
      reproq doctor --strict || page-somebody
    """
    diagnose(ctx, dsn, strict, as_json)


def diagnose(
    ctx: click.Context,
    dsn: str | None,
    strict: bool,
    as_json: bool,
    further: Callable[[Findings, Any], None] | None = None,
) -> None:
    """Look at everything and leave with the code; `further` looks at more, with the same cursor.

    Without a database or a schema it gets None for the cursor.
    """
    found = Findings()
    found.add(OK, f"config file: {config_of(ctx).path or 'none'}")
    code = 0
    complete = False
    try:
        with transaction(dsn) as cursor:
            examine.look_at_server(found, cursor)
            _look_at_clock(found, cursor)
            if complete := examine.look_at_schema(found, cursor):
                examine.look_at_roles(found, cursor)
                examine.look_at_queue(found, cursor)
                if further:
                    further(found, cursor)
    except Fault as fault:
        if fault.exit_code != NO_DATABASE:
            raise
        found.add(ERROR, fault.message, "Is it running? Is the DSN right?")
        code = NO_DATABASE
    if further and not complete:
        further(found, None)
    _look_at_settings(found, ctx)
    _look_at_extras(found)
    found.show(as_json)
    if not as_json:
        errors, warnings = found.count(ERROR), found.count(WARNING)
        click.echo(f"Doctor found {errors} error(s) and {warnings} warning(s).")
    if code:
        sys.exit(code)
    found.leave(strict)


@click.command()
@dsn_option
@json_option
def check(dsn: str | None, as_json: bool) -> None:
    """Say whether the worker could start: its package, the database, the schema.

    Much less than doctor looks at, and so something for a deployment to ask.

    \b
    Example:
      reproq check && systemctl restart reproq-worker-shop
    """
    found = Findings()
    found.add(OK, "the worker can be imported")
    with transaction(dsn) as cursor:
        examine.look_at_server(found, cursor)
        examine.look_at_schema(found, cursor)
    found.show(as_json)
    if found.count(ERROR):
        raise Fault("Reproq check failed.", FAILED, "`reproq doctor` looks at more.")
    if not as_json:
        click.echo("✨ Configuration looks good!")


def _look_at_clock(found: Findings, cursor: Any) -> None:
    before = time.time()
    ahead = examine.clock_difference(cursor, before)
    if abs(ahead) > _CLOCK_TOLERANCE + (time.time() - before):
        found.add(
            WARNING,
            f"this machine's clock is {abs(ahead):.0f} s {'behind' if ahead > 0 else 'ahead of'}"
            " the database's",
            "The queue goes by the database's; tasks go by this one: set it right.",
        )


def _look_at_settings(found: Findings, ctx: click.Context) -> None:
    """Whether a worker would start with the file and the environment that are here."""
    try:
        asked = worker.make_context("worker", [], parent=ctx.parent).params
        made = worker_config(asked | {"dsn": asked["dsn"] or "dbname=unknown"})
    except (ConfigError, click.ClickException) as error:
        text = error.format_message() if isinstance(error, click.ClickException) else str(error)
        found.add(ERROR, f"no worker would start here: {text}", "See `reproq config --explain`.")
        return
    if made.logs_dir:
        _look_at_logs_dir(found, Path(made.logs_dir))


def _look_at_logs_dir(found: Findings, folder: Path) -> None:
    # A worker makes it where it is not there yet.
    place = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        found.add(OK, f"logs go to {folder}")
    else:
        advice = "Give the worker's user the right, or choose another with --logs-dir."
        found.add(ERROR, f"logs cannot be written to {folder}", advice)


def _look_at_extras(found: Findings) -> None:
    for module, extra, what in (
        ("uvicorn", "metrics", "/metrics, /healthz and /events"),
        ("yaml", "yaml", "configuration in YAML"),
    ):
        state = "can be had" if find_spec(module) else f"needs pip install 'reproq[{extra}]'"
        found.add(OK, f"{what}: {state}")
