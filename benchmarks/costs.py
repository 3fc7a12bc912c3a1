"""What a claim and its finish cost, by how much else there is in the queue."""

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from benchmarks import processes
from benchmarks.places import STATE, say
from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.install import install

BATCH = 100
WARM_UP = 5
BLOCKS = 3
ROUNDS = 20
FEW, MANY = 1_000, 1_000_000

FINISHED = """
insert into task_runs (spec_json, spec_hash, status, dedup)
select '{"task_path": "a.b"}', 'finished', 'SUCCESSFUL', false from generate_series(1, %s)
"""
LIVE = """
insert into task_runs (
    spec_json, spec_hash, dedup, queue_name, lock_key, run_after, concurrency_key, concurrency_limit
)
select
    '{"task_path": "a.b"}', 'live', false, 'q' || n %% %(queues)s, %(lock_key)s, %(run_after)s,
    'k' || n %% %(keys)s::bigint, %(limit)s
from generate_series(%(first)s::bigint, %(last)s) n
"""
CLAIM = "select result_id, lease_no from reproq_claim('w', queues => %s, max_tasks => %s)"
# Rolled back, so that the question costs the next claim nothing.
BUFFERS = f"explain (analyze, buffers, format json) {CLAIM}"


class Case(NamedTuple):
    """What is in the queue; the plain runs are claimed, the others are in the way."""

    ready: int
    blocked: int = 0
    delayed: int = 0
    finished: int = 0
    queues: int = 1
    keys: int = 0
    limited: bool = False

    def name(self) -> str:
        """In words."""
        words = [f"{self.ready:,} ready"]
        for field in ("blocked", "delayed", "finished"):
            if count := getattr(self, field):
                words.append(f"{count:,} {field}")
        if self.queues > 1:
            words.append(f"{self.queues:,} queues")
        if self.keys:
            words.append(f"{self.keys:,} keys")
        return ", ".join(words) + (", a token bucket" if self.limited else "")

    def scaled(self, scale: float) -> "Case":
        """The same with so many times the runs that are in the way; what is claimed stays."""
        smaller = {
            field: max(FEW, round(getattr(self, field) * scale))
            for field in ("ready", "blocked", "delayed", "finished")
            if getattr(self, field)
        }
        return self._replace(**smaller)


CASES = [
    Case(FEW),
    Case(100_000),
    Case(MANY),
    Case(FEW, blocked=MANY),
    Case(FEW, delayed=MANY),
    Case(FEW, finished=MANY),
    Case(100_000, queues=1_000),
    Case(100_000, keys=1_000),
    Case(FEW, limited=True),
]
HUGE = Case(10_000_000)


def measure(cases: list[Case]) -> list[dict[str, Any]]:
    """The cost of each case, on a server of its own with durable defaults."""
    STATE.mkdir(parents=True, exist_ok=True)
    costs = []
    with tempfile.TemporaryDirectory(dir=STATE, prefix="run-") as folder:
        with EmbeddedPostgres(Path(folder) / "postgres") as server:
            for case in cases:
                dsn = server.createdb("costs")
                costs.append({"name": case.name()} | cost(dsn, case))
                server.dropdb("costs")
                say(f"{case.name()}: {costs[-1]['cpu_us']:.1f} µs a task")
    return costs


class Line:
    """The runs that are claimed: queues and keys take turns in it, however often it is refilled."""

    def __init__(self, conn: psycopg.Connection, case: Case) -> None:
        self._conn = conn
        self._case = case
        self._count = 0

    def add(self, count: int) -> None:
        first, self._count = self._count + 1, self._count + count
        add_live(self._conn, first, self._count, queues=self._case.queues, keys=self._case.keys)


def add_live(
    conn: psycopg.Connection,
    first: int,
    last: int,
    *,
    queues: int = 1,
    keys: int = 0,
    lock_key: str | None = None,
    run_after: str | None = None,
) -> None:
    """Insert live runs, numbered; the numbers choose queue and key."""
    conn.execute(
        LIVE,
        {
            "queues": queues,
            # A number modulo null is null: no key.
            "keys": keys or None,
            "limit": 1 if keys else 0,
            "lock_key": lock_key,
            "run_after": run_after,
            "first": first,
            "last": last,
        },
    )


def cost(dsn: str, case: Case) -> dict[str, float]:
    """CPU of the backend for a claimed and finished run, and buffers for a claimed one."""
    queues = [f"q{number}" for number in range(case.queues)]
    with psycopg.connect(dsn, autocommit=True) as producer:
        with producer.transaction(), producer.cursor() as cursor:
            install(cursor)
        put_in_the_way(producer, case)
        line = Line(producer, case)
        line.add(case.ready)
        producer.execute("vacuum analyze")
        with psycopg.connect(dsn, autocommit=True) as worker:
            work(worker, line, queues, WARM_UP)
            blocks = [work(worker, line, queues, ROUNDS) for _ in range(BLOCKS)]
            with worker.transaction(force_rollback=True):
                plan = worker.execute(BUFFERS, [queues, BATCH]).fetchone()[0][0]["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return {"cpu_us": statistics.median(blocks), "buffers": pages / plan["Actual Rows"]}


def put_in_the_way(conn: psycopg.Connection, case: Case) -> None:
    """All that is in the queue and is not claimed."""
    conn.execute(FINISHED, [case.finished])
    add_live(conn, 1, case.delayed, run_after="2099-01-01T00:00:00Z")
    # One run holds the lock and the rest stands at the head of the line, until claims park them.
    add_live(conn, 1, case.blocked + bool(case.blocked), lock_key="hot")
    while parked(conn) < case.blocked:
        conn.execute(CLAIM, [["q0"], 1])
    if case.limited:
        conn.execute("select reproq_set_rate_limit('global', 1e9, 1000000000)")


def parked(conn: psycopg.Connection) -> int:
    return conn.execute("select count(*) from reproq_blocked").fetchone()[0]


def work(worker: psycopg.Connection, line: Line, queues: list[str], rounds: int) -> float:
    """Claim and finish batches, and keep the line as long as it is; CPU in µs a task."""
    before, done = cpu_us(worker.info.backend_pid), 0
    for _ in range(rounds):
        # Of runs with keys a claim takes fewer: it asks for so many locks and no more.
        claimed = worker.execute(CLAIM, [queues, BATCH]).fetchall()
        done += len(claimed)
        outcomes = [
            {"result_id": result_id, "lease_no": lease_no, "outcome": "complete"}
            for result_id, lease_no in claimed
        ]
        worker.execute("select 1 from reproq_finish('w', %s::jsonb)", [json.dumps(outcomes)])
        line.add(len(claimed))
    assert done >= rounds * BATCH / 2, f"{done} claimed in {rounds} rounds"
    return (cpu_us(worker.info.backend_pid) - before) / done


def cpu_us(pid: int) -> float:
    """How long a backend has been on a CPU; to the nanosecond where the system tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1000
    except OSError:
        return processes.cpu_seconds(pid) * 1e6
