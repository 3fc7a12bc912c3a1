"""`reproq grant` and `reproq revoke`: shells over `reproq_worker.install`."""

from typing import Any

import click

from reproq_worker import install
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.faults import USAGE, Fault
from reproq_worker.cli.schema import schema_option


def _kind(name: str, what: str) -> Any:
    return click.option(f"--{name}", multiple=True, metavar="ROLE", help=what)


@click.command()
@dsn_option
@schema_option
@_kind("producer", "A role that may enqueue, and see what came of it.")
@_kind("worker", "A role that may work, and keep time.")
@_kind("operator", "A role that may operate, and look at everything.")
@_kind("observer", "A role that may count runs and see how they stand.")
def grant(dsn: str | None, schema: str | None, **roles: tuple[str, ...]) -> None:
    """Tell roles of the database apart: each may call what its kind needs, and no more."""
    given = {kind: names for kind, names in roles.items() if names}
    if not given:
        raise Fault("name a role: --producer, --worker, --operator or --observer", USAGE)
    with transaction(dsn) as cursor:
        install.grant(cursor, given, schema)
    for kind, names in given.items():
        for name in names:
            click.echo(f"{name} is a role of the kind {kind}.")


@click.command()
@dsn_option
@schema_option
@click.argument("roles", nargs=-1, metavar="[ROLE]...")
@click.option("--all", "every", is_flag=True, help="From every role: one role for all again.")
def revoke(dsn: str | None, schema: str | None, roles: tuple[str, ...], every: bool) -> None:
    """Take from roles of the database what `grant` gave them."""
    if every == bool(roles):
        raise Fault("name roles, or say --all", USAGE)
    with transaction(dsn) as cursor:
        if every:
            install.revoke_all(cursor, schema)
        else:
            install.revoke(cursor, roles, schema)
    click.echo("Roles are no longer told apart." if every else f"Revoked from {', '.join(roles)}.")
