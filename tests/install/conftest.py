"""A small installation that can be changed at will, and connections to an empty database."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.harness.servers import Server


class Release:
    """A folder of SQL like the package's own, with one table and one function."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in ("migrations", "functions"):
            (directory / name).mkdir(parents=True)
        self.migration("0001_runs", "create table task_runs (id bigint primary key);")
        self.function("reproq_count", "() returns bigint", "select count(*) from task_runs")

    def migration(self, name: str, sql: str) -> None:
        (self.directory / "migrations" / f"{name}.sql").write_text(sql)

    def function(self, name: str, shape: str, body: str, then: str = "") -> None:
        self.function_file(
            name,
            f"create or replace function {name}{shape} language sql volatile"
            f" set search_path from current as $$ {body} $$;"
            f" comment on function {name} is '{name}'; {then}",
        )

    def function_file(self, name: str, sql: str) -> None:
        (self.directory / "functions" / f"{name}.sql").write_text(sql)

    def remove(self, name: str) -> None:
        (self.directory / "functions" / f"{name}.sql").unlink()


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(tmp_path / "sql")


@pytest.fixture
def connect(empty_dsn: str) -> Iterator[Callable[..., psycopg.Connection]]:
    """Opens connections to a database of the test's own, without Reproq."""
    opened = []

    def open_one(**options: object) -> psycopg.Connection:
        opened.append(psycopg.connect(empty_dsn, **options))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def shared_dsn(server: Server) -> Iterator[str]:
    name = server.new_database(empty=True)
    yield server.dsn(name)
    server.dropdb(name)


@pytest.fixture
def cursor(shared_dsn: str) -> Iterator[psycopg.Cursor]:
    """A cursor in a transaction, in a database without Reproq that others use: never commit."""
    with psycopg.connect(shared_dsn) as connection:
        yield connection.cursor()
        connection.rollback()


@pytest.fixture
def lasting(connect: Callable[..., psycopg.Connection]) -> psycopg.Cursor:
    """A cursor in the database of `connect`, where a test may commit."""
    return connect().cursor()


@pytest.fixture
def value(cursor: psycopg.Cursor) -> Callable[..., object]:
    """Asks the database for one value."""

    def ask(sql: str, *params: object) -> object:
        return cursor.execute(sql, params or None).fetchone()[0]

    return ask
