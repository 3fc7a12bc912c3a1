"""`manage.py reproq migrate-worker`: the schema alone, without Django's own migrations."""

import click

from reproq_worker.cli.database import dsn_option, each_database, on_each_database
from reproq_worker.install import install


@on_each_database
@click.command("migrate-worker")
@dsn_option
def migrate_worker(dsn: str | None) -> None:
    """Install or upgrade the tables and functions, as `manage.py migrate` does.

    Before `manage.py migrate` or after it: the other finds nothing left to do.
    """
    for _, cursor in each_database(dsn):
        steps = install(cursor)
        if steps:
            click.echo(f"✅ Reproq schema installed ({len(steps)} steps).")
        else:
            click.echo("✅ Reproq schema already present.")
