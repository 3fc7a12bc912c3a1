"""A DSN from Django's settings, for programs that connect without Django."""

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from psycopg import pq
from psycopg.conninfo import make_conninfo


def dsn_from_settings(alias: str) -> str:
    """What Django would connect to as `alias`, all of its OPTIONS that libpq knows included."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        raise ImproperlyConfigured(f"the database {alias!r} is not PostgreSQL")
    params = connection.get_connection_params()
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    given = {name: value for name, value in params.items() if name in known and value is not None}
    role = connection.settings_dict["OPTIONS"].get("assume_role")
    if role:
        given["options"] = f"{given.get('options', '')} -c role={_escaped(role)}".strip()
    return make_conninfo(**given)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
