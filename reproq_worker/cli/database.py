"""The --dsn option, and the connection that it names. A password never leaves this module."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reproq_worker.cli.configuration import config_option
from reproq_worker.cli.faults import NO_DATABASE, USAGE, Fault
from reproq_worker.supervisor.database import brief

_dsn_alone = click.option(
    "--dsn",
    envvar="DATABASE_URL",
    show_envvar=True,
    help="The database, as postgresql://user@host/name or key=value pairs. Everybody on the machine"
    " can read a command line: a password is better off in the environment or a file.",
)


@dataclass(frozen=True)
class Chosen:
    """What a shell around the commands (click's `obj`) knows of databases: names and their DSNs."""

    names: Mapping[str, str] = field(repr=False)
    #: Whether a command that can shall work on each of them.
    every: bool = False


def dsn_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """For every command that talks to a database; pass what it gives to `transaction`."""
    return config_option(_dsn_alone(command))


def on_each_database[C: click.Command](command: C) -> C:
    """Mark a command that asks `each_database`, so that a shell can offer all of them at once."""
    command.on_each_database = True  # type: ignore[attr-defined]
    return command


def each_database(dsn: str | None) -> Iterator[tuple[str, psycopg.Cursor]]:
    """The name of a database and a cursor in a transaction, for each that the command is about.

    That is the one with this DSN, unless the shell around the command has chosen several.
    """
    chosen = click.get_current_context().find_object(Chosen) or Chosen({})
    if chosen.every:
        for name, one in chosen.names.items():
            with transaction(one) as cursor:
                yield name, cursor
        return
    with transaction(dsn) as cursor:
        names = [name for name, one in chosen.names.items() if one == dsn]
        yield names[0] if names else cursor.connection.info.dbname, cursor


@contextmanager
def transaction(dsn: str | None) -> Iterator[psycopg.Cursor]:
    """A cursor in a transaction of its own, committed at the end.

    Faults: no DSN or one that cannot be read (2), a database that does not answer (3).
    """
    connection = _connect(dsn)
    with connection, connection.cursor() as cursor:
        yield cursor


def readable_dsn(dsn: str | None) -> str:
    """The DSN, given and well-formed; else a fault that tells nothing of its contents."""
    _read(dsn)
    return str(dsn)


def _connect(dsn: str | None) -> psycopg.Connection:
    parts = _read(dsn)
    defaults = {"connect_timeout": 10, "fallback_application_name": "reproq"}
    try:
        return psycopg.connect(make_conninfo(**(defaults | parts)), prepare_threshold=None)
    except psycopg.OperationalError as error:
        raise Fault(_without(str(parts.get("password", "")), brief(error)), NO_DATABASE) from None


def _read(dsn: str | None) -> dict[str, Any]:
    if not dsn:
        raise Fault("DSN required (use --dsn, DATABASE_URL, or config file)", USAGE)
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        parts = None
    # libpq quotes what it cannot use in its messages, and a password that holds / or @ ends up in
    # the host, the port or the name of the database.
    if parts is None or not _plausible(dsn, parts):
        raise Fault(
            "the DSN cannot be read",
            USAGE,
            "Write postgresql://user:password@host:port/name, with the password percent-encoded, "
            "or key=value pairs.",
        )
    return parts


def _plausible(dsn: str, parts: dict[str, Any]) -> bool:
    ports = str(parts.get("port", "")).split(",")
    if not all(port == "" or port.isdecimal() for port in ports):
        return False
    return "://" not in dsn or not any("@" in str(parts.get(key, "")) for key in ("host", "dbname"))


def _without(password: str, text: str) -> str:
    return text.replace(password, "***") if password else text
