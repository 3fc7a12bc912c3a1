"""Gives pytest-django a database on the session's server, and marks what exercises Django."""

import os
from collections.abc import Iterator

import pytest
from psycopg.pq import TransactionStatus

from tests.harness.fixtures import server_names
from tests.harness.machine import NEWEST
from tests.harness.servers import Server, Servers

DJANGO_FIXTURES = {
    "_django_db_helper",
    "admin_client",
    "client",
    "db",
    "django_dsn",
    "django_server",
    "live_server",
    "settings",
    "transactional_db",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m django` finds these tests without each having to say so."""
    from django.test import SimpleTestCase

    for item in items:
        cls = getattr(item, "cls", None)
        if (
            item.get_closest_marker("django_db")
            or DJANGO_FIXTURES.intersection(getattr(item, "fixturenames", ()))
            or (cls is not None and issubclass(cls, SimpleTestCase))
        ):
            item.add_marker("django")


@pytest.fixture(scope="session")
def django_server(pytestconfig: pytest.Config, servers: Servers) -> Server:
    """The server with Django's test database: the newest, or the one that `--server` names."""
    names = server_names(pytestconfig)
    return servers[NEWEST if NEWEST in names else names[0]]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_server: Server) -> None:
    """Takes the place of pytest-django's fixture: points Django at the session's own server."""
    from django.db import connections

    for settings in connections.settings.values():
        settings.update(HOST=django_server.host, PORT=django_server.port, USER=django_server.user)


@pytest.fixture
def django_dsn(transactional_db: None, django_server: Server) -> str:
    """The URL of Django's test database for worker processes: the test's writes are committed."""
    from django.db import connection

    return django_server.dsn(connection.settings_dict["NAME"])


@pytest.fixture
def django_env(django_dsn: str) -> dict[str, str]:
    """The environment of a process that shall use Django's test database."""
    return os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": django_dsn}


@pytest.fixture(autouse=True)
def _no_violations_in_django(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test with Django's database, before it is rolled back or emptied."""
    item = request.node
    uses_database = item.get_closest_marker("django_db") or {"db", "transactional_db"}.intersection(
        request.fixturenames
    )
    if not uses_database:
        yield
        return
    request.getfixturevalue("_django_db_helper")
    yield
    if not item.get_closest_marker("breaks_invariants"):
        assert violations_in_django() == []


def violations_in_django() -> list[tuple]:
    # A transaction that the test left broken, or a closed connection, cannot be asked.
    from django.db import connection

    if connection.connection is None or connection.closed_in_transaction:
        return []
    if connection.connection.info.transaction_status == TransactionStatus.INERROR:
        return []
    with connection.cursor() as cursor:
        cursor.execute("select to_regproc('reproq_violations')")
        if cursor.fetchone() == (None,):
            return []
        cursor.execute("select * from reproq_violations()")
        return cursor.fetchall()
