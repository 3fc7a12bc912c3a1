"""Old databases, empty and full, before and after they were adopted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
import pytest

from reproq_worker.install import install
from tests.adoption.layouts import LAYOUTS
from tests.adoption.rows import fill, fill_workflows
from tests.harness.fixtures import violations
from tests.harness.servers import Server


@dataclass
class OldDatabase:
    """A database of the reference implementation; `ids` are those of its runs, by name."""

    dsn: str
    conn: psycopg.Connection
    ids: dict[str, int] = field(default_factory=dict)

    def execute(self, sql: str, *params: object) -> psycopg.Cursor:
        return self.conn.execute(sql, params or None)

    def value(self, sql: str, *params: object) -> object:
        return self.execute(sql, *params).fetchone()[0]

    def adopt(self) -> list[str]:
        with self.conn.transaction():
            return install(self.conn.cursor())

    def runs(self, expression: str = "status") -> dict[str, object]:
        """What each run says of itself, by name."""
        rows = dict(self.execute(f"select result_id, {expression} from task_runs").fetchall())
        return {name: rows[result_id] for name, result_id in self.ids.items()}


@pytest.fixture
def old(server: Server, empty_dsn: str) -> Iterator[Callable[..., OldDatabase]]:
    """Makes the test's database one of a layout, full of runs on request."""
    opened = []

    def make(layout: str, *, full: bool = False, workflows: bool = False) -> OldDatabase:
        conn = psycopg.connect(empty_dsn, autocommit=True)
        conn.execute("set client_min_messages = warning")
        opened.append(conn)
        database = OldDatabase(empty_dsn, conn)
        conn.execute(LAYOUTS[layout])
        if full:
            database.ids |= fill(conn.cursor())
        if workflows:
            database.ids |= fill_workflows(conn.cursor())
        return database

    yield make
    for conn in opened:
        conn.close()
    assert violations(empty_dsn) == []
