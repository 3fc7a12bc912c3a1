"""Commands that bring the schema and take it away: shells over `reproq_worker.install`."""

import click

from reproq_worker import install
from reproq_worker.cli.database import dsn_option, transaction

schema_option = click.option(
    "--schema", help="The schema of its tables.  [default: the first of the search path]"
)


@click.command()
@dsn_option
@schema_option
@click.option("--sql", "as_sql", is_flag=True, help="Print the install as a file for psql -f.")
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be done, and stop.")
def migrate(dsn: str | None, schema: str | None, as_sql: bool, only_plan: bool) -> None:
    """Install or upgrade the tables and functions.

    Any number of callers at once: one does it, the others find nothing to do. `manage.py migrate`
    does the same.

    \b
    Examples:
      reproq migrate --plan
      reproq migrate
      reproq migrate --sql | psql "$DATABASE_URL"
    """
    if as_sql and only_plan:
        raise click.UsageError("Choose either --sql or --plan, not both.")
    if as_sql:
        click.echo(install.script(schema), nl=False)
        return
    with transaction(dsn) as cursor:
        steps = (install.plan if only_plan else install.install)(cursor, schema)
    for step in steps:
        click.echo(step)
    if not steps:
        click.echo("Reproq schema already present.")
    elif not only_plan:
        click.echo(f"Reproq schema installed ({len(steps)} steps).")


@click.command()
@dsn_option
@schema_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def uninstall(dsn: str | None, schema: str | None, yes: bool) -> None:
    """Drop the tables, with all runs and results, and the functions.

    \b
    Example:
      reproq uninstall --yes
    """
    with transaction(dsn) as cursor:
        if not install.is_installed(cursor, schema):
            click.echo("Reproq is not installed.")
            return
        question = f"Drop all runs and results in the database {cursor.connection.info.dbname}?"
        if not yes:
            cursor.connection.rollback()
            click.confirm(question, abort=True)
        install.uninstall(cursor, schema)
    click.echo("Reproq uninstalled.")
