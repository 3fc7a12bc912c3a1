"""`manage.py reproq sync-recurring`: the schedules of the code become those of the database."""

import click
from django.db import connections

from reproq_django.databases import queue_aliases
from reproq_worker.cli.faults import FAILED, USAGE, Fault

database_option = click.option(
    "--database", help="The alias of a database in Django's settings.  [default: all with queues]"
)


@click.command("sync-recurring")
@database_option
@click.option(
    "--clear-missing", is_flag=True, help="Disable every schedule that is not in the code."
)
def sync_recurring(database: str | None, clear_missing: bool) -> None:
    """Write the schedules of @recurring to the databases of their queues."""
    from reproq_django.recurring import sync_recurring_tasks

    if database is not None and database not in connections:
        raise Fault(f"there is no database {database!r} in the settings", USAGE)
    try:
        number = sync_recurring_tasks(database, clear_missing)
    except ValueError as error:
        raise Fault(str(error), FAILED) from None
    if number:
        where = database or ", ".join(queue_aliases())
        click.echo(f"Synced {number} recurring task(s) ({where}).")
    else:
        click.echo("No recurring tasks found.")
