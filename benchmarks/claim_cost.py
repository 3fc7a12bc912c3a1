"""What a claim costs by how much else there is in the queue.

    ./run python -m benchmarks.claim_cost

Prints a Markdown table: CPU of the backend and buffers for each claimed run, in batches of 100, and
how they compare with a queue of 1,000 ready runs. Both queues are claimed from in turns, so that
whatever else the machine does bears on both, and the median batch of each counts.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.install import install

BATCH = 100
WARM_UP = 10
ROUNDS = 100

FINISHED = """
insert into task_runs (spec_json, spec_hash, status, dedup)
select '{"task_path": "a.b"}', 'finished', 'SUCCESSFUL', false from generate_series(1, %s)
"""
LIVE = """
insert into task_runs (spec_json, spec_hash, dedup, lock_key, run_after)
select '{"task_path": "a.b"}', 'live', false, %s, %s from generate_series(1, %s)
"""
# Rolled back, so that the question costs the next claim nothing.
BUFFERS = "explain (analyze, buffers, format json) select * from reproq_claim('w', max_tasks => %s)"


class Case(NamedTuple):
    ready: int = 1_000
    blocked: int = 0
    delayed: int = 0
    finished: int = 0
    limited: bool = False


BESIDE = {"blocked": 100_000, "delayed": 100_000, "finished": 1_000_000}
CASES = [
    Case(),
    Case(100_000),
    Case(1_000_000),
    *(Case(**{name: number}) for name, number in BESIDE.items()),
    Case(1_000_000, **BESIDE),
    Case(limited=True),
    Case(1_000_000, **BESIDE, limited=True),
]


class Cost(NamedTuple):
    cpu_us: float
    buffers: float


class Queue:
    """One database whose line stays as long as it is while a worker claims from it."""

    def __init__(self, dsn: str, case: Case) -> None:
        with psycopg.connect(dsn) as conn:
            install(conn.cursor())
        self.producer = psycopg.connect(dsn, autocommit=True)
        fill(self.producer, case)
        self.worker = psycopg.connect(dsn, autocommit=True)

    def close(self) -> None:
        self.producer.close()
        self.worker.close()

    def claim(self) -> float:
        """Claim a batch; CPU of the backend for each run, in microseconds."""
        before = cpu_ns(self.worker)
        rows = self.worker.execute("select 1 from reproq_claim('w', max_tasks => %s)", [BATCH])
        spent = cpu_ns(self.worker) - before
        assert rows.rowcount == BATCH
        self.producer.execute(LIVE, [None, None, BATCH])
        return spent / 1000 / BATCH

    def buffers(self) -> float:
        with self.worker.transaction(force_rollback=True):
            plan = self.worker.execute(BUFFERS, [BATCH]).fetchone()[0][0]["Plan"]
        return (plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]) / BATCH


def fill(conn: psycopg.Connection, case: Case) -> None:
    conn.execute(FINISHED, [case.finished])
    conn.execute(LIVE, [None, "2099-01-01T00:00:00Z", case.delayed])
    # One run holds the lock and the rest stands at the head of the line, until claims park them.
    conn.execute(LIVE, ["hot", None, case.blocked + bool(case.blocked)])
    while blocked(conn) < case.blocked:
        conn.execute("select * from reproq_claim('w', max_tasks => 1)")
    conn.execute(LIVE, [None, None, case.ready])
    if case.limited:
        conn.execute("select reproq_set_rate_limit('global', 1e9, 1000000000)")
    conn.execute("vacuum analyze")


def blocked(conn: psycopg.Connection) -> int:
    return conn.execute("select count(*) from reproq_blocked").fetchone()[0]


def cpu_ns(conn: psycopg.Connection) -> int:
    """How long this connection's backend has been on a CPU."""
    return int(Path(f"/proc/{conn.info.backend_pid}/schedstat").read_text().split()[0])


def measure(queues: list[Queue]) -> list[Cost]:
    """What each of the queues costs, claimed from in turns."""
    spent = [[queue.claim() for queue in queues] for _ in range(WARM_UP + ROUNDS)]
    cpu = zip(*spent[WARM_UP:], strict=True)
    return [
        Cost(statistics.median(own), queue.buffers())
        for own, queue in zip(cpu, queues, strict=True)
    ]


@contextmanager
def two_queues(server: EmbeddedPostgres, *cases: Case) -> Iterator[list[Queue]]:
    queues = []
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        try:
            for number, case in enumerate(cases):
                conn.execute(f"create database claim_cost_{number}")
                queues.append(Queue(server.dsn(f"claim_cost_{number}"), case))
            yield queues
        finally:
            for queue in queues:
                queue.close()
            for number in range(len(cases)):
                conn.execute(f"drop database if exists claim_cost_{number} with (force)")


def row(case: Case, plain: Cost, cost: Cost) -> str:
    figures = " | ".join(f"{count:,}" for count in case[:-1])
    return (
        f"| {figures} | {'yes' if case.limited else ''} | {cost.cpu_us:.1f} µs "
        f"| {cost.cpu_us / plain.cpu_us:.2f} | {cost.buffers:.1f} "
        f"| {cost.buffers / plain.buffers:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1, help="of all numbers of runs")
    scale = parser.parse_args().scale
    print("| ready | blocked | delayed | finished | token bucket | CPU a run | of | buffers | of |")
    print("|---:|---:|---:|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as directory:
        server = EmbeddedPostgres(Path(directory))
        server.start()
        try:
            for case in CASES:
                counts = [round(count * scale) for count in case[:-1]]
                case = Case(max(1_000, counts[0]), *counts[1:], limited=case.limited)
                with two_queues(server, Case(limited=case.limited), case) as queues:
                    print(row(case, *measure(queues)), flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
