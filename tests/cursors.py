"""Every kind of cursor that the package's functions take, opened on a database."""

import psycopg
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row


def psycopg_cursor(dsn):
    return psycopg.connect(dsn).cursor()


def dict_cursor(dsn):
    return psycopg.connect(dsn, row_factory=dict_row).cursor()


def django_cursor(dsn, **options):
    """A cursor of Django in a transaction; wants pytest-django's blocker out of the way."""
    parts = conninfo_to_dict(dsn)
    settings = {
        "NAME": parts["dbname"],
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts["host"],
        "PORT": parts["port"],
        "OPTIONS": options,
        "TIME_ZONE": None,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "AUTOCOMMIT": False,
        "ATOMIC_REQUESTS": False,
    }
    return DatabaseWrapper(settings).cursor()


def django_server_binding_cursor(dsn):
    return django_cursor(dsn, server_side_binding=True)


CURSORS = [psycopg_cursor, dict_cursor, django_cursor, django_server_binding_cursor]
