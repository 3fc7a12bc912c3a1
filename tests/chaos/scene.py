"""Where it happens: a server, its processes, faults at their times, and who watches."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg

from tests.chaos.crew import Crew, Helper, Producer
from tests.chaos.executor import BODIES
from tests.chaos.faults import Fault
from tests.chaos.journal import LIVE
from tests.chaos.mixture import QUEUE
from tests.chaos.plan import Plan
from tests.harness.servers import Server
from tests.worker.process import Worker

#: Marks every process that belongs to a run: what still has it in the end is an orphan.
MARK = "CHAOS_RUN"
_TELL_EVERY = 5.0


class Scene:
    """One chaos run while it lasts."""

    WATCHER = "chaos watcher"

    def __init__(self, plan: Plan, seed: int, server: Server, dsn: str, folder: Path) -> None:
        self.plan = plan
        self.seed = seed
        self.server = server
        self.dsn = dsn
        self.folder = folder
        self.mark = os.urandom(8).hex()
        self.bodies = folder / "bodies"
        environment = {MARK: self.mark, BODIES: str(self.bodies), "DATABASE_URL": dsn}
        self._environment = environment
        self.crew = Crew(plan.workers, self._start_worker, folder)
        words = [plan.name, plan.seconds, plan.tasks, seed]
        self.producers = [
            Producer(part, dsn, words, environment, folder) for part in range(plan.producers)
        ]
        self.tickers = [
            Helper(
                n,
                ["reproq_worker", "beat", "--interval", "1s"],
                environment,
                folder / f"beat-{n}.log",
            )
            for n in range(plan.tickers)
        ]
        #: Seconds from a worker's kill -9 to the end of all that was below it.
        self.outlived: list[float] = []
        #: What struck, by the fault's name.
        self.struck: Counter[str] = Counter()
        self.diary: list[str] = []
        self.samples = 0
        #: Of them, so many while faults struck.
        self.samples_amid = 0
        self.violations: list[tuple[str, str]] = []
        self.seconds = 0.0
        #: When the last run was seen that had not ended.
        self.ended_after = 0.0
        self._began = time.monotonic()
        self._over = threading.Event()
        self._lock = threading.Lock()

    def play(self, tell: Callable[[str], None]) -> None:
        """Let it all happen, until everything has ended or nothing ends any more."""
        self.crew.begin()
        self._began = time.monotonic()
        storms = [
            threading.Thread(target=self._strike, args=[number], daemon=True)
            for number in range(len(self.plan.faults))
        ]
        keepers = [
            threading.Thread(target=work, daemon=True) for work in (self._keep_up, self._sample)
        ]
        try:
            for thread in [*storms, *keepers]:
                thread.start()
            while any(storm.is_alive() for storm in storms):
                self.sleep(_TELL_EVERY)
                tell(self._state())
            self.samples_amid = self.samples
            self._wait_for_the_end(tell)
        finally:
            self._over.set()
            for thread in [*keepers, *storms]:
                thread.join()
            for helper in [*self.producers, *self.tickers]:
                helper.kill()
            self.crew.dismiss()
            self.seconds = time.monotonic() - self._began

    @contextmanager
    def watcher(self) -> Iterator[psycopg.Connection]:
        """A connection that no fault ends."""
        with psycopg.connect(self.dsn, autocommit=True, application_name=self.WATCHER) as conn:
            yield conn

    def sleep(self, seconds: float) -> None:
        """Sleep, unless it is all over."""
        self._over.wait(seconds)

    def _start_worker(self, name: str, log: Path) -> Worker:
        plan = self.plan
        flags = {
            "--executor-module": "tests.chaos.executor",
            "--worker-id": name,
            "--queues": QUEUE,
            "--concurrency": plan.concurrency,
            "--lease-seconds": plan.lease_seconds,
            "--interval": "500ms",
            "--shutdown-timeout": "1s",
        }
        words = tuple(word for pair in flags.items() for word in pair)
        return Worker(self.dsn, log, words, self._environment)

    def _strike(self, number: int) -> None:
        fault, times = self.plan.faults[number]
        chance = Random(f"fault {self.seed} {number}")
        for at in times:
            self.sleep(self._began + at - time.monotonic())
            if self._over.is_set() or time.monotonic() > self._began + at + self.plan.late:
                continue
            try:
                hit = fault.strike(self, chance)
            except psycopg.OperationalError:
                hit = None  # Postgres was away.
            if hit is not None:
                self._note(fault, hit)

    def _note(self, fault: Fault, hit: str) -> None:
        name = type(fault).__name__
        with self._lock:
            self.struck[f"{name} {getattr(fault, 'mode', '')}".strip()] += 1
            self.diary.append(f"{time.monotonic() - self._began:7.2f} {name}: {hit}")

    def _keep_up(self) -> None:
        while not self._over.wait(0.05):
            self.crew.keep_up()
            for helper in [*self.producers, *self.tickers]:
                helper.keep_up()

    def _sample(self) -> None:
        pause = self.plan.seconds / self.plan.samples / 2
        next_at = self._began
        while not self._over.is_set():
            try:
                with self.watcher() as conn:
                    while not self._over.wait(max(0.0, next_at - time.monotonic())):
                        next_at = max(next_at, time.monotonic() - 1) + pause
                        self.violations += conn.execute(
                            "select * from reproq_violations()"
                        ).fetchall()
                        self.samples += 1
            except psycopg.OperationalError:
                self.sleep(0.1)

    def _wait_for_the_end(self, tell: Callable[[str], None]) -> None:
        seen, moved_at = None, time.monotonic()
        while time.monotonic() < moved_at + self.plan.patience:
            left, samples_left = self._left(), max(0, self.plan.samples - self.samples)
            if left:
                self.ended_after = time.monotonic() - self._began
                tell(self._state())
            elif not samples_left:
                return
            # (Where samples took longer than planned, the rest is taken of what is at rest.)
            now = (left, left or samples_left)
            if now != seen:
                seen, moved_at = now, time.monotonic()
            self.sleep(0.3)

    def _left(self) -> int:
        with self.watcher() as conn:
            [live] = conn.execute(LIVE).fetchone() or (0,)
        return live + sum(not producer.finished for producer in self.producers)

    def _state(self) -> str:
        try:
            with self.watcher() as conn:
                rows = conn.execute("select status, count(*) from task_runs group by 1").fetchall()
        except psycopg.OperationalError:
            return "Postgres is away"
        return ", ".join(f"{count} {status}" for status, count in sorted(rows))
