"""A worker behind PgBouncer in transaction mode, where no session belongs to anybody."""

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db.backends.postgresql.base import Cursor

from reproq_django import prepared
from reproq_worker.supervisor.database import OutageLog, Session
from tests.worker.process import until

PGBOUNCER = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

pytestmark = [
    pytest.mark.skipif(not Path(PGBOUNCER).exists(), reason="PgBouncer is not on this machine"),
    pytest.mark.parametrize("server", ["pg15"], indirect=True),
]

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
"""


@pytest.fixture
def pooled_dsn(dsn, tmp_path):
    """The test's database through a pool of three connections."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    parts = urlsplit(dsn)
    configuration = tmp_path / "pgbouncer.ini"
    configuration.write_text(CONFIGURATION.format(server_port=parts.port, port=port))
    log = (tmp_path / "pgbouncer.log").open("w")
    # It does not run as root.
    user = "nobody" if os.geteuid() == 0 else getpass.getuser()
    for folder in (configuration, *configuration.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    process = subprocess.Popen(
        [PGBOUNCER, "-u", user, str(configuration)], stdout=log, stderr=subprocess.STDOUT
    )

    def listens():
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", port)) == 0

    until(listens)
    yield urlunsplit(parts._replace(netloc=f"postgres@127.0.0.1:{port}"))
    process.terminate()
    process.wait(10)


@pytest.mark.parametrize("listens_directly", [True, False])
def test_a_worker_behind_a_transaction_pool_does_its_work(
    queue, start, dsn, pooled_dsn, listens_directly
):
    flags = ["--listen-dsn", dsn] if listens_directly else []
    worker = start("--concurrency", 4, *flags, on=pooled_dsn).ready()
    runs = [queue.enqueue("echo", number) for number in range(100)]
    for run in runs:
        assert queue.ended(run)["status"] == "SUCCESSFUL"
    late = queue.enqueue("echo", "late")
    assert queue.ended(late)["return_json"] == "late"
    worker.signal(15)
    assert worker.leave() == 0


def test_statements_are_prepared_only_without_it(dsn, pooled_dsn):
    async def thresholds():
        for each in (dsn, pooled_dsn):
            session = Session(each, "test", OutageLog())
            yield (await session.connection()).prepare_threshold
            await session.close()

    async def both():
        return [threshold async for threshold in thresholds()]

    assert asyncio.run(both()) == [1, None]


def test_an_enqueue_through_django_is_prepared_only_without_it(dsn, pooled_dsn):
    for each, may in ((dsn, True), (pooled_dsn, False)):
        options = {"autocommit": True, "cursor_factory": Cursor, "prepare_threshold": None}
        with psycopg.connect(each, **options) as connection:
            asked = [prepared._may_prepare(connection) for _ in range(8)]
            assert asked == [False] * 5 + [may] * 3
