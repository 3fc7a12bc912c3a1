"""What the demo stands on: a Postgres, a worker and a web server that end with it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.executors.processes import die_with_parent

PROJECT = Path(__file__).resolve().parent.parent / "census"
USUAL_PORT = 8000
PATIENCE = 5.0


class CannotGoOn(RuntimeError):
    """The demo has to end early; the message says why."""


@contextmanager
def postgres(data_dir: Path) -> Iterator[str]:
    """A server whose data outlives it; yields the DSN of the demo's database."""
    with EmbeddedPostgres(data_dir) as server:
        try:
            yield server.createdb("census")
        except psycopg.errors.DuplicateDatabase:
            yield server.dsn("census")


@contextmanager
def worker(log_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py reproq worker` on the database that the environment names, until the end."""
    command = [sys.executable, str(PROJECT / "manage.py"), "reproq", "worker"]
    command += ["--queues", "default,reports", "--concurrency", str(max(2, os.cpu_count() or 2))]
    # Short, so that a demo that was killed in the middle is soon taken up by the next one.
    command += ["--lease-seconds", "6s", "--reclaim-interval-seconds", "1s"]
    command += ["--interval", "500ms", "--shutdown-timeout", "1s"]
    owner = os.getpid()
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is the demo's to handle; when the demo is killed, so is this.
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(owner, signal.SIGKILL),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def check_worker(process: subprocess.Popen[bytes], log_file: Path) -> None:
    """Raise CannotGoOn, with what it said last, unless it is still there."""
    if process.poll() is not None:
        said = log_file.read_text(errors="replace").splitlines()[-20:]
        raise CannotGoOn("\n".join(["the worker has ended:", *said]))


@contextmanager
def admin_site() -> Iterator[str]:
    """Serve the example's Django project beside this thread; yields the address of its admin."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Handler(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """The terminal belongs to the progress display."""

    def listen(port: int) -> ThreadedWSGIServer:
        return ThreadedWSGIServer(("127.0.0.1", port), Handler)

    try:
        server = listen(USUAL_PORT)
    except OSError:
        server = listen(0)
    server.daemon_threads = True
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/admin/"
    finally:
        server.shutdown()
        server.server_close()
