"""A steady load on producer and worker at once, before and while a snapshot is held."""

import statistics
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from benchmarks import services
from benchmarks.catalogue import BY_NAME
from benchmarks.client import Client
from benchmarks.environments import python_of
from benchmarks.places import STATE, say

STAMP_EVERY = 50
BATCH = 500
STEP = 0.02
SAMPLE_EVERY = 2.0
#: While the most is sought, so many tasks are kept ahead of the worker.
AHEAD = 3_000

TICKETS = """
select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
from pg_class c
where c.relkind = 'r' and c.relname ~ '^reproq_(ready|leases|scheduled|blocked)'
"""
RECORDS = "select pg_total_relation_size('task_runs')"


class Load:
    """A producer and a worker, each a process, on one database."""

    def __init__(self, producer: Client, worker: Client, conn: psycopg.Connection) -> None:
        self._producer = producer
        self._worker = worker
        self._conn = conn
        self._began: list[float] = []
        self._firsts: list[int] = []
        self.enqueued = 0
        self.stamps: list[tuple[float, int, int]] = []

    @property
    def backlog(self) -> int:
        """How many tasks are enqueued and not yet run, to within a stamp."""
        return max(0, self.enqueued - len(self.stamps) * STAMP_EVERY)

    def enqueue(self, count: int) -> None:
        self._began.append(time.monotonic())
        self._firsts.append(self.enqueued)
        self._producer.ask("enqueue_bulk", first=self.enqueued, count=count)
        self.enqueued += count

    def look(self) -> None:
        self.stamps += self._worker.read_stamps(skip=len(self.stamps))

    def pickups(self, first_stamp: int = 0) -> list[float]:
        """From the call of enqueue to the task's first line, in ms, of the stamped tasks."""
        return [
            (when - self._began[bisect_right(self._firsts, number) - 1]) * 1000
            for when, number, _ in self.stamps[first_stamp:]
        ]

    def bytes_of(self, statement: str) -> int:
        return self._conn.execute(statement).fetchone()[0]


class Times(NamedTuple):
    """How long each part takes, in seconds."""

    seek: float
    settle: float
    free: float
    held: float


def measure(minutes: float) -> dict[str, Any]:
    """Find the most, then put half of it on the queue: for a while, and on while held."""
    STATE.mkdir(parents=True, exist_ok=True)
    held = minutes * 60
    times = Times(
        seek=min(20.0, held),
        settle=min(10.0, held),
        # Long enough for several checkpoints, which make the slowest pickups of both.
        free=held / 2,
        held=held,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=STATE, prefix="run-")))
        service = stack.enter_context(services.postgres(folder / "postgres"))
        dsn = service.fresh()
        clients = []
        for name in ("reproq-sql", "reproq-thread"):
            (folder / name).mkdir()
            entry = BY_NAME[name]
            client = Client(entry, python_of(entry), dsn, folder / name, STAMP_EVERY)
            stack.callback(client.close)
            clients.append(client)
        producer, worker = clients
        producer.ask("setup")
        conn = stack.enter_context(psycopg.connect(dsn, autocommit=True))
        stack.enter_context(worker.workers(1))
        return play(Load(producer, worker, conn), dsn, times)


def play(load: Load, dsn: str, times: Times) -> dict[str, Any]:
    most = seek_most(load, times.seek)
    say(f"steady: {most:,.0f} tasks/s at most, with producer and worker at once")
    until(load, lambda: load.backlog <= STAMP_EVERY, 30)
    hold(load, most / 2, times.settle, time.monotonic(), [])
    start, samples = time.monotonic(), []
    free = hold(load, most / 2, times.free, start, samples)
    with psycopg.connect(dsn) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.execute("select count(*) from pg_class")
        held = hold(load, most / 2, times.held, start, samples)
    return {
        "most": most,
        "rate": most / 2,
        "held_from": times.free,
        "held_to": times.free + times.held,
        "free": free,
        "held": held,
        "samples": samples,
    }


def seek_most(load: Load, seconds: float) -> float:
    """Tasks a second while the producer keeps just ahead; the first third is warm-up."""
    start = time.monotonic()
    before = None
    while (now := time.monotonic()) < start + seconds:
        load.look()
        if before is None and now > start + seconds / 3:
            before = (len(load.stamps), now)
        if load.backlog < AHEAD:
            load.enqueue(BATCH)
        else:
            time.sleep(0.002)
    load.look()
    stamps, since = before or (0, start)
    return (len(load.stamps) - stamps) * STAMP_EVERY / (time.monotonic() - since)


def hold(
    load: Load, rate: float, seconds: float, start: float, samples: list[dict[str, Any]]
) -> dict[str, float]:
    """Enqueue at a rate for so long, sample what becomes of it, and sum up."""
    began, sent = time.monotonic(), 0
    load.look()
    first, seen, mine = len(load.stamps), len(load.stamps), []
    next_sample = began + SAMPLE_EVERY
    while (now := time.monotonic()) < began + seconds:
        if due := min(BATCH * 4, int((now - began) * rate) - sent):
            load.enqueue(due)
            sent += due
        load.look()
        if now >= next_sample:
            next_sample += SAMPLE_EVERY
            recent, seen = load.pickups(seen), len(load.stamps)
            mine.append(
                {
                    "second": round(now - start, 1),
                    "backlog": load.backlog,
                    "pickup_p99": percentile(recent, 99),
                    "ticket_bytes": load.bytes_of(TICKETS),
                    "record_bytes": load.bytes_of(RECORDS),
                }
            )
        time.sleep(max(0, STEP - (time.monotonic() - now)))
    samples += mine
    pickups = load.pickups(first)
    return {
        "rate": sent / (time.monotonic() - began),
        "pickup_p50": percentile(pickups, 50),
        "pickup_p99": percentile(pickups, 99),
        "backlog_mean": statistics.fmean(sample["backlog"] for sample in mine),
        "backlog_end": mine[-1]["backlog"],
        "ticket_mb": max(sample["ticket_bytes"] for sample in mine) / 1e6,
    }


def percentile(values: list[float], which: int) -> float:
    """0 where there are too few values to tell."""
    if len(values) < 2:
        return 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[which - 1]


def until(load: Load, condition: Callable[[], bool], seconds: float) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.05)
        load.look()
