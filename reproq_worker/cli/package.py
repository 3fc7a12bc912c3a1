"""`reproq install` and `reproq upgrade`: what they can mean where the worker is a Python package.

Other workers are programs that such commands download. This one has come with pip already, so
there is nothing to fetch: what can be done is to see that it works and that the database fits it.
"""

from collections.abc import Callable
from typing import Any

import click

from reproq_worker import __version__, install
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.supervisor.supervisor import Supervisor


def of_downloads(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of workers that are downloaded; taken, and said to mean nothing here."""
    for option in (
        click.option("--tag", help="No meaning: pip chooses the version."),
        click.option("--build", is_flag=True, help="No meaning: nothing is compiled."),
        click.option("--source", is_flag=True, help="No meaning: pip chooses where it comes from."),
    ):
        command = option(command)
    return command


@click.command("install")
@dsn_option
@of_downloads
def install_worker(dsn: str | None, **downloads: Any) -> None:
    """Verify that the worker can be run and that the schema is that of this release.

    There is nothing to download: the worker is this Python package. Changes nothing.

    \b
    Example:
      reproq install
    """
    verify(downloads)
    if dsn is None:
        click.echo("No database is named: the schema was not looked at.")
        return
    with transaction(dsn) as cursor:
        steps = install.plan(cursor)
    click.echo("Run `reproq upgrade`: the schema is not current." if steps else "Schema: current.")


@click.command("upgrade")
@dsn_option
@of_downloads
@click.option("--skip-worker-migrate", is_flag=True, help="Leave the schema as it is.")
def upgrade(dsn: str | None, skip_worker_migrate: bool, **downloads: Any) -> None:
    """Bring the schema to this release; `pip install --upgrade reproq` comes before.

    \b
    Example:
      pip install --upgrade reproq && reproq upgrade
    """
    verify(downloads)
    if skip_worker_migrate:
        click.echo("Schema: left as it is.")
        return
    with transaction(dsn) as cursor:
        steps = install.install(cursor)
    click.echo(f"Schema: upgraded ({len(steps)} steps)." if steps else "Schema: current.")


def verify(downloads: dict[str, Any] | None = None) -> None:
    """Say that the worker is here; that it could be imported has just been shown."""
    given = [f"--{name}" for name, value in (downloads or {}).items() if value]
    if given:
        click.echo(f"{', '.join(given)}: no meaning here, the worker is a Python package.")
    click.echo(f"Worker: reproq {__version__}, {Supervisor.__module__} can be imported.")
