"""Shows each file of sql/tests as one test item a server, run by pg_prove."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.harness.fixtures import SERVERS, server_names
from tests.harness.machine import has_pgtap
from tests.harness.servers import Server

DATABASE = "pgtap"
FAILED = ("not ok", "#", "psql:", "ERROR", "Bad plan", "Dubious", "No plan")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    if file_path.suffix == ".sql" and file_path.parent == parent.config.rootpath / "sql" / "tests":
        return PgTapFile.from_parent(parent, path=file_path)
    return None


class PgTapFile(pytest.File):
    def collect(self) -> Iterator["PgTapItem"]:
        for name in server_names(self.config):
            item = PgTapItem.from_parent(self, name=name)
            item.add_marker("pgtap")
            yield item


class PgTapItem(pytest.Item):
    def runtest(self) -> None:
        if not has_pgtap() or shutil.which("pg_prove") is None:
            pytest.skip("pgTAP is not on this machine")
        done = prove(self.config.stash[SERVERS][self.name], self.path)
        if done.returncode:
            raise PgTapFailed(done.stdout + done.stderr)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> object:
        if isinstance(excinfo.value, PgTapFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"pgTAP {self.path.name} on {self.name}"


class PgTapFailed(Exception):
    """The lines of a pgTAP run that tell what failed."""

    def __str__(self) -> str:
        lines = str(self.args[0]).splitlines()
        telling = [line for line in lines if line.lstrip().startswith(FAILED)]
        return "\n".join(telling or lines)


def prove(server: Server, file: Path) -> subprocess.CompletedProcess[str]:
    """Run one file in the server's pgTAP database; the file rolls back whatever it did."""
    if not hasattr(server, "pgtap_ready"):
        server.createdb(DATABASE, template=server.installed)
        with psycopg.connect(server.dsn(DATABASE)) as conn:
            conn.execute("create extension pgtap")
        server.pgtap_ready = True
    where = ["--host", server.host, "--port", str(server.port), "--username", server.user]
    return subprocess.run(
        ["pg_prove", "--verbose", "--ext", ".sql", *where, "--dbname", DATABASE, str(file)],
        capture_output=True,
        text=True,
        env=os.environ | {"PGOPTIONS": "-c client_min_messages=warning"},
        timeout=120,
    )
