"""Enqueueing, workers that are killed, and waiting for the end."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from reproq_worker.call import call
from reproq_worker.torture import work

_LOOK_EVERY = 0.2
#: When nothing has ended for so long, nothing will.
_PATIENCE = 60.0
_LEASE = "3s"
_LARGEST_BATCH = 50
_ONE_CHAIN_IN = 20
_DONE = """
select count(*) from task_runs as r
where r.result_id between %s and %s and r.queue_name = %s and r.finished_at is not null
"""


@dataclass
class Torture:
    """One torture: its settings, and what was done."""

    dsn: str
    count: int
    workers: int
    concurrency: int
    kill_every: float
    seed: int
    #: Enqueue as many again whenever all have ended, for so many seconds.
    duration: float = 0
    queue: str = field(default_factory=lambda: f"torture-{os.urandom(4).hex()}")
    #: The ids whose commit was seen.
    committed: list[int] = field(default_factory=list)
    rolled_back: int = 0
    kills: int = 0
    seconds: float = 0.0
    finished: bool = False

    def run(self, progress: Callable[[int], None]) -> str:
        """Enqueue, work, kill, wait; what the workers wrote. `progress` hears how many ended."""
        chance = random.Random(self.seed)
        began = time.monotonic()
        with (
            psycopg.connect(self.dsn, autocommit=True, prepare_threshold=None) as connection,
            tempfile.TemporaryFile("w+") as log,
        ):
            crew = _Crew(self, chance, log)
            try:
                crew.keep_up()
                while not self.committed or time.monotonic() < began + self.duration:
                    self._enqueue(connection, chance)
                    self.finished = self._wait(connection, crew, progress)
                    if not self.finished:
                        break
            finally:
                crew.dismiss()
            self.seconds = time.monotonic() - began
            log.seek(0)
            return log.read()

    def _enqueue(self, connection: psycopg.Connection, chance: random.Random) -> None:
        """In transactions of 1 to 50 runs, one in ten of them rolled back."""
        todo = list(work.specs(self.count, self.queue, chance))
        while todo:
            batch, todo = todo[: (n := chance.randint(1, _LARGEST_BATCH))], todo[n:]
            rolls_back = chance.random() < 0.1
            with connection.transaction(force_rollback=rolls_back), connection.cursor() as cursor:
                ids = _ids(call(cursor, "enqueue_many", specs=batch))
                if chance.randrange(_ONE_CHAIN_IN) == 0:
                    nodes = work.chain(self.queue, chance)
                    ids += _ids(call(cursor, "enqueue_workflow", nodes=nodes))
            if rolls_back:
                self.rolled_back += len(ids)
                todo += batch
            else:
                self.committed += ids

    def _wait(
        self, connection: psycopg.Connection, crew: "_Crew", progress: Callable[[int], None]
    ) -> bool:
        """Until all have ended; False when nothing ends any more."""
        bounds = [min(self.committed), max(self.committed), self.queue]
        ended, moved_at = 0, time.monotonic()
        kill_at = moved_at + self.kill_every
        while time.monotonic() < moved_at + _PATIENCE:
            [done] = connection.execute(_DONE, bounds).fetchone() or (0,)
            if done > ended:
                ended, moved_at = done, time.monotonic()
            progress(done)
            if done >= len(self.committed):
                return True
            if self.kill_every and time.monotonic() >= kill_at:
                crew.kill_one()
                kill_at = time.monotonic() + self.kill_every
            crew.keep_up()
            time.sleep(_LOOK_EVERY)
        return False


def _ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["result_id"] for row in rows]


class _Crew:
    """The workers: as many as there should be, whatever becomes of each."""

    def __init__(self, torture: Torture, chance: random.Random, log: Any) -> None:
        self._torture = torture
        self._chance = chance
        self._log = log
        self._workers: list[subprocess.Popen[bytes]] = []

    def keep_up(self) -> None:
        """Start a worker for each that is missing."""
        self._workers = [w for w in self._workers if w.poll() is None]
        while len(self._workers) < self._torture.workers:
            self._workers.append(self._start())

    def kill_one(self) -> None:
        """kill -9: no chance to say anything."""
        victim = self._chance.choice(self._workers)
        victim.kill()
        victim.wait()
        self._torture.kills += 1

    def dismiss(self) -> None:
        """End them all, gently."""
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self._workers:
            try:
                worker.wait(15)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        torture = self._torture
        flags = {
            "--queues": torture.queue,
            "--concurrency": torture.concurrency,
            "--lease-seconds": _LEASE,
            "--interval": "500ms",
            "--executor-module": "reproq_worker.torture.executor",
            "--metrics-port": 0,
        }
        words = [str(word) for pair in flags.items() for word in pair]
        return subprocess.Popen(
            [sys.executable, "-m", "reproq_worker", "worker", *words],
            env=os.environ | {"DATABASE_URL": torture.dsn, "METRICS_ADDR": ""},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
