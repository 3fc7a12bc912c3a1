"""What a claim and its finish cost, by how much else there is in the queue."""

import json
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from benchmarks import processes
from benchmarks.places import STATE, say
from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.install import install

BATCH = 100
WARM_UP = 10
TURNS = 100
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
    Case(MANY, blocked=100_000, delayed=100_000, finished=MANY, limited=True),
]
HUGE = Case(10_000_000)


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


class Queue:
    """A database whose line stays as long as it is while a worker claims from it and finishes."""

    def __init__(self, dsn: str, case: Case) -> None:
        self._case = case
        self._queues = [f"q{number}" for number in range(case.queues)]
        self._count = 0
        self._producer = psycopg.connect(dsn, autocommit=True)
        with self._producer.transaction(), self._producer.cursor() as cursor:
            install(cursor)
        put_in_the_way(self._producer, case)
        self._add(case.ready)
        self._producer.execute("vacuum analyze")
        self._worker = psycopg.connect(dsn, autocommit=True)

    def turn(self) -> float:
        """Claim a batch and finish it; CPU of the backend in µs a task."""
        before = cpu_us(self._worker.info.backend_pid)
        # Of runs with keys a claim takes fewer: it asks for so many locks and no more.
        claimed = self._worker.execute(CLAIM, [self._queues, BATCH]).fetchall()
        outcomes = [
            {"result_id": result_id, "lease_no": lease_no, "outcome": "complete"}
            for result_id, lease_no in claimed
        ]
        self._worker.execute("select 1 from reproq_finish('w', %s::jsonb)", [json.dumps(outcomes)])
        spent = cpu_us(self._worker.info.backend_pid) - before
        assert len(claimed) >= BATCH / 2, f"a claim took {len(claimed)}"
        self._add(len(claimed))
        return spent / len(claimed)

    def buffers(self) -> float:
        """How many buffers a claim touches for each run."""
        with self._worker.transaction(force_rollback=True):
            row = self._worker.execute(BUFFERS, [self._queues, BATCH]).fetchone()
        plan = row[0][0]["Plan"]
        return (plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]) / plan["Actual Rows"]

    def close(self) -> None:
        self._worker.close()
        self._producer.close()

    def _add(self, count: int) -> None:
        """Lengthen the line; its numbers go on, so that queues and keys take turns in it."""
        first, self._count = self._count + 1, self._count + count
        case = self._case
        add_live(self._producer, first, self._count, queues=case.queues, keys=case.keys)


def measure(cases: list[Case]) -> list[dict[str, Any]]:
    """The cost of each case beside that of a plain short line, on a server with durable defaults.

    Both are claimed from in turns, so that whatever else the machine does bears on both.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    costs = []
    with tempfile.TemporaryDirectory(dir=STATE, prefix="run-") as folder:
        with EmbeddedPostgres(Path(folder) / "postgres") as server:
            for case in cases:
                costs.append({"name": case.name()} | beside_plain(server, case))
                said = "{name}: {cpu_us:.1f} µs a task, {over_plain:.2f} of a plain line"
                say(said.format(**costs[-1]))
    return costs


def beside_plain(server: EmbeddedPostgres, case: Case) -> dict[str, float]:
    """CPU for a claimed and finished run, how that compares, and buffers for a claimed one."""
    names = ("plain", "case")
    with ExitStack() as stack:
        queues = []
        for name, each in zip(names, (Case(FEW), case), strict=True):
            stack.callback(server.dropdb, name)
            queue = Queue(server.createdb(name), each)
            stack.callback(queue.close)
            queues.append(queue)
        spent = [[queue.turn() for queue in queues] for _ in range(WARM_UP + TURNS)]
        plain, own = map(statistics.median, zip(*spent[WARM_UP:], strict=True))
        return {"cpu_us": own, "over_plain": own / plain, "buffers": queues[1].buffers()}


def cpu_us(pid: int) -> float:
    """How long a backend has been on a CPU; to the nanosecond where the system tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1000
    except OSError:
        return processes.cpu_seconds(pid) * 1e6
