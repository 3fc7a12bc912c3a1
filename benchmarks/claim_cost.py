"""What a claim costs by how much else there is in the queue.

    ./run python -m benchmarks.claim_cost

Prints a Markdown table: CPU of the backend and buffers for each claimed run, in batches of 100.
"""

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

import psycopg

from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.install import install

BATCH = 100
ROUNDS = 50

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
    ready: int
    blocked: int = 0
    delayed: int = 0
    finished: int = 0
    limited: bool = False


class Cost(NamedTuple):
    cpu_us: float
    buffers: float


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


def measure(dsn: str, case: Case) -> Cost:
    with psycopg.connect(dsn, autocommit=True) as producer:
        fill(producer, case)
        with psycopg.connect(dsn, autocommit=True) as worker:
            claim(worker, producer, rounds=5)
            before = cpu_ns(worker)
            claim(worker, producer, rounds=ROUNDS)
            cpu = cpu_ns(worker) - before
            with worker.transaction(force_rollback=True):
                plan = worker.execute(BUFFERS, [BATCH]).fetchone()[0][0]["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return Cost(cpu / 1000 / ROUNDS / BATCH, pages / BATCH)


def claim(worker: psycopg.Connection, producer: psycopg.Connection, rounds: int) -> None:
    """Claim batches, and keep the line as long as it is."""
    for _ in range(rounds):
        rows = worker.execute("select 1 from reproq_claim('w', max_tasks => %s)", [BATCH])
        assert len(rows.fetchall()) == BATCH
        producer.execute(LIVE, [None, None, BATCH])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1, help="of all numbers of runs")
    scale = parser.parse_args().scale
    besides = {"blocked": 100_000, "delayed": 100_000, "finished": 1_000_000}
    cases = [
        Case(1_000),
        *(Case(ready, **besides) for ready in (1_000, 100_000, 1_000_000)),
        Case(1_000, limited=True),
        Case(1_000_000, **besides, limited=True),
    ]
    print("| ready | blocked | delayed | finished | token bucket | CPU a run | buffers a run |")
    print("|---:|---:|---:|---:|---|---:|---:|")
    with tempfile.TemporaryDirectory() as directory:
        server = EmbeddedPostgres(Path(directory))
        server.start()
        try:
            for number, case in enumerate(cases):
                counts = [round(count * scale) for count in case[:-1]]
                name = f"claim_cost_{number}"
                with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
                    conn.execute(f"create database {name}")
                with psycopg.connect(server.dsn(name)) as conn:
                    install(conn.cursor())
                cost = measure(server.dsn(name), Case(*counts, limited=case.limited))
                figures = " | ".join(f"{count:,}" for count in counts)
                print(
                    f"| {figures} | {'yes' if case.limited else ''} "
                    f"| {cost.cpu_us:.1f} µs | {cost.buffers:.1f} |",
                    flush=True,
                )
                with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
                    conn.execute(f"drop database {name} with (force)")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
