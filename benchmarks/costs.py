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
    '{"task_path": "a.b"}', 'live', false, 'q' || n %% %s, %s, %s,
    case when %s > 0 then 'k' || n %% %s end, %s
from generate_series(1, %s) n
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


def cost(dsn: str, case: Case) -> dict[str, float]:
    """CPU of the backend for a claimed and finished run, and buffers for a claimed one."""
    queues = [f"q{number}" for number in range(case.queues)]
    with psycopg.connect(dsn, autocommit=True) as producer:
        with producer.transaction(), producer.cursor() as cursor:
            install(cursor)
        fill(producer, case)
        with psycopg.connect(dsn, autocommit=True) as worker:
            work(worker, producer, case, queues, WARM_UP)
            blocks = [work(worker, producer, case, queues, ROUNDS) for _ in range(BLOCKS)]
            with worker.transaction(force_rollback=True):
                plan = worker.execute(BUFFERS, [queues, BATCH]).fetchone()[0][0]["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return {"cpu_us": statistics.median(blocks), "buffers": pages / plan["Actual Rows"]}


def fill(conn: psycopg.Connection, case: Case) -> None:
    """Put everything into an empty queue."""
    conn.execute(FINISHED, [case.finished])
    conn.execute(LIVE, live(case.delayed, run_after="2099-01-01T00:00:00Z"))
    # One run holds the lock and the rest stands at the head of the line, until claims park them.
    conn.execute(LIVE, live(case.blocked + bool(case.blocked), lock_key="hot"))
    while parked(conn) < case.blocked:
        conn.execute(CLAIM, [["q0"], 1])
    conn.execute(LIVE, live(case.ready, case))
    if case.limited:
        conn.execute("select reproq_set_rate_limit('global', 1e9, 1000000000)")
    conn.execute("vacuum analyze")


def live(
    count: int, case: Case | None = None, lock_key: str | None = None, run_after: str | None = None
) -> list[Any]:
    """The parameters of LIVE."""
    case = case or Case(count)
    return [
        case.queues,
        lock_key,
        run_after,
        case.keys,
        max(1, case.keys),
        int(case.keys > 0),
        count,
    ]


def parked(conn: psycopg.Connection) -> int:
    return conn.execute("select count(*) from reproq_blocked").fetchone()[0]


def work(
    worker: psycopg.Connection,
    producer: psycopg.Connection,
    case: Case,
    queues: list[str],
    rounds: int,
) -> float:
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
        producer.execute(LIVE, live(len(claimed), case))
    assert done >= rounds * BATCH / 2, f"{done} claimed in {rounds} rounds"
    return (cpu_us(worker.info.backend_pid) - before) / done


def cpu_us(pid: int) -> float:
    """How long a backend has been on a CPU; to the nanosecond where the system tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1000
    except OSError:
        return processes.cpu_seconds(pid) * 1e6
