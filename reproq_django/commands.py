"""Commands that only `manage.py reproq` has, because they ask Django for what they write."""

import click
from django.db import connections

from reproq_django.databases import default_alias
from reproq_worker.cli.faults import FAILED, USAGE, Fault

database_option = click.option(
    "--database", help="The alias of a database in Django's settings.  [default: the queue's]"
)


@click.command("sync-recurring")
@database_option
@click.option(
    "--clear-missing", is_flag=True, help="Disable every schedule that is not in the code."
)
def sync_recurring(database: str | None, clear_missing: bool) -> None:
    """Write the schedules of @recurring to the database."""
    from reproq_django.recurring import sync_recurring_tasks

    alias = database or default_alias()
    if alias not in connections:
        raise Fault(f"there is no database {alias!r} in the settings", USAGE)
    try:
        number = sync_recurring_tasks(alias, clear_missing)
    except ValueError as error:
        raise Fault(str(error), FAILED) from None
    if number:
        click.echo(f"Synced {number} recurring task(s) ({alias}).")
    else:
        click.echo("No recurring tasks found.")
