"""The Postgres servers of a test session, started at their first use, and their databases."""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.install import install
from tests.harness.machine import NEWEST, OLDER, SYSTEM_BIN, SYSTEM_SHARE, has_pgtap

# What is lost in a crash does not matter here; a deadlock should show itself soon.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "deadlock_timeout": "200ms",
    "max_connections": "200",
    "log_min_messages": "warning",
}


PREFIX = "reproq-test-"
ROOM = 2 * 1024**3


def data_folder() -> str:
    """Memory, where there is enough of it: copying a template there takes a tenth of the time."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
        return str(memory)
    return tempfile.gettempdir()


def sweep() -> None:
    """Remove what sessions left behind that were killed."""
    for folder in Path(data_folder()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[1]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # Another user's.


class Server(EmbeddedPostgres):
    """A server with a template database that has Reproq installed."""

    template = "reproq_template"

    def __init__(self, name: str, extra: dict[str, str] | None = None) -> None:
        self.name = name
        settings = SETTINGS | (extra or {})
        if name == NEWEST and has_pgtap():
            # pgTAP is plain SQL, so Debian's files for 15 serve the embedded server too.
            settings["extension_control_path"] = f"$system:{SYSTEM_SHARE}"
        super().__init__(
            tempfile.mkdtemp(prefix=f"{PREFIX}{name}-{os.getpid()}-", dir=data_folder()),
            settings,
            bin_dir=SYSTEM_BIN if name == OLDER else None,
        )
        self._numbers = itertools.count(1)
        self._installed = False
        self._install_error: Exception | None = None

    @property
    def major(self) -> int:
        return int(self.name.removeprefix("pg"))

    @property
    def installed(self) -> str:
        """The name of the template database. An installation that failed is not tried again."""
        if self._install_error is not None:
            raise RuntimeError(f"the installation failed: {self._install_error}")
        if not self._installed:
            try:
                with psycopg.connect(self.createdb(self.template)) as conn:
                    install(conn.cursor())
            except Exception as error:
                self._install_error = error
                raise
            self._installed = True
        return self.template

    def fresh_name(self) -> str:
        return f"test_{next(self._numbers)}"

    def new_database(self, *, empty: bool = False) -> str:
        """The name of a new database: with Reproq installed, or empty."""
        name = self.fresh_name()
        if empty:
            self.createdb(name)
        else:
            template = self.installed
            with psycopg.connect(self.dsn(), autocommit=True) as conn:
                # With fsync off, copying files takes a third of the time of a copy through the log,
                # which PostgreSQL 15 made the default.
                strategy = "strategy file_copy" if conn.info.server_version >= 150000 else ""
                conn.execute(f"create database {name} template {template} {strategy}")
        return name


class Servers:
    """Starts servers by name and ends all of them at the end of the session."""

    def __init__(self) -> None:
        sweep()
        self._running: dict[str, Server] = {}

    def __getitem__(self, name: str) -> Server:
        if name not in self._running:
            self._running[name] = Server(name).start()
        return self._running[name]

    def close(self) -> None:
        for server in self._running.values():
            server.stop("immediate")
            shutil.rmtree(server.data_dir, ignore_errors=True)
