"""The databases under the systems: their own Postgres with durable defaults, and Redis."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.environments import redis_server
from benchmarks.processes import end, spawn
from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.embedded.server import free_port

DATABASE = "bench"
PATIENCE = 10.0


class Postgres:
    """A server with all its defaults; every turn gets an empty database."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._admin = psycopg.connect(server.dsn(), autocommit=True)

    @property
    def pid(self) -> int:
        assert self._server.pid is not None
        return self._server.pid

    def fresh(self) -> str:
        """Empty everything and return the DSN. The checkpoint gives all turns the same start."""
        self._server.dropdb(DATABASE)
        dsn = self._server.createdb(DATABASE)
        self._admin.execute("checkpoint")
        return dsn

    def wal_bytes(self) -> int:
        """How much has been written ahead since the server was made."""
        row = self._admin.execute("select pg_current_wal_insert_lsn() - '0/0'").fetchone()
        return int(row[0])

    def version(self) -> str:
        return f"PostgreSQL {self._admin.info.parameter_status('server_version')}"

    def close(self) -> None:
        self._admin.close()


class Redis:
    """A server with all its defaults."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, version: str) -> None:
        self.pid = process.pid
        self._url = f"redis://127.0.0.1:{port}/0"
        self._version = version

    def fresh(self) -> str:
        """The URL; the adapters empty it themselves."""
        return self._url

    def wal_bytes(self) -> int | None:
        return None

    def version(self) -> str:
        return self._version


Service = Postgres | Redis


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A new server in a folder."""
    with EmbeddedPostgres(folder) as server:
        service = Postgres(server)
        try:
            yield service
        finally:
            service.close()


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    """A new server in a folder; NotInstalled where there is no redis-server."""
    program, port = redis_server(), free_port()
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    version = next((word[2:] for word in said.split() if word.startswith("v=")), "?")
    folder.mkdir()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    process = spawn([program, *options], {}, folder / "redis.log")
    try:
        wait_for_port(port, process)
        yield Redis(process, port, f"Redis {version}")
    finally:
        end(process)


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    import socket

    give_up_at = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("redis-server did not start")
