"""Real worker processes for the tests of this folder."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.worker.process import COMMAND, ROOT, Queue, Worker


@pytest.fixture
def queue(conn: psycopg.Connection) -> Queue:
    """The test's queue, to put runs in and look at them."""
    return Queue(conn)


@pytest.fixture
def start(dsn: str, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts workers on the test's database; whatever of them is left at the end is killed."""
    workers: list[Worker] = []

    def start(
        *flags: object, on: str = dsn, stdin: int = subprocess.DEVNULL, **environment: str
    ) -> Worker:
        log = tmp_path / f"worker-{len(workers)}.log"
        workers.append(Worker(on, log, flags, environment, stdin))
        return workers[-1]

    yield start
    for worker in workers:
        worker.destroy()
    for worker in workers:
        assert "Traceback" not in worker.log


@pytest.fixture
def work(
    django_env: dict[str, str], django_dsn: str, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts workers on Django's test database; what is left of them at the end is killed."""
    workers: list[subprocess.Popen] = []

    def work(*flags: object, **environment: str) -> subprocess.Popen:
        with (tmp_path / f"worker-{len(workers)}.log").open("w") as log:
            worker = subprocess.Popen(
                [*COMMAND, "--dsn", django_dsn, *map(str, flags)],
                env=django_env | environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        workers.append(worker)
        return worker

    yield work
    for worker in workers:
        worker.kill()
        worker.wait()
