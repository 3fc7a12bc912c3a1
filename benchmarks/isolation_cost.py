"""What a task that does nothing costs in each isolation mode.

    ./run python -m benchmarks.isolation_cost

Prints a Markdown table: the CPU that the worker and all its processes spent on a run, and runs a
second. The start of the worker is taken off both. A Django project is loaded (that of the tests).
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.install import install

ENQUEUE = """
select reproq_enqueue('reproq_django.tasks.debug_noop_task', dedup => false)
from generate_series(1, %s)
"""
WORKER = ["-c", "from reproq_worker.cli import main; main()", "worker", "--until-empty"]
RUNS = {"process": 5000, "fork": 1000, "thread": 5000, "spawn": 30}


def work(dsn: str, isolation: str, concurrency: int) -> tuple[float, float]:
    """Wall and CPU seconds of a worker that empties the queue."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    subprocess.run(
        [sys.executable, *WORKER, "--isolation", isolation, "--concurrency", str(concurrency)],
        env=os.environ | {"DATABASE_URL": dsn, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(dsn: str, isolation: str, concurrency: int) -> tuple[float, float]:
    """CPU milliseconds a run, and runs a second."""
    count = RUNS[isolation]
    idle = work(dsn, isolation, concurrency)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(ENQUEUE, [count])
        wall, cpu = (a - b for a, b in zip(work(dsn, isolation, concurrency), idle, strict=True))
        left = conn.execute("select count(*) from task_runs where status <> 'SUCCESSFUL'")
        assert left.fetchone() == (0,)
    return cpu * 1000 / count, count / wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--isolation", choices=RUNS, action="append")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with EmbeddedPostgres(Path(folder) / "data", {"fsync": "off"}) as server:
            dsn = server.dsn("postgres")
            with psycopg.connect(dsn) as conn, conn.cursor() as cursor:
                install(cursor)
            print("| isolation | CPU ms a run | runs/s |\n|---|---|---|")
            for isolation in options.isolation or RUNS:
                cpu, rate = measure(dsn, isolation, options.concurrency)
                print(f"| {isolation} | {cpu:.2f} | {rate:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
