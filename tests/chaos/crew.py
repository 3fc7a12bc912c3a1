"""The processes of a chaos run: kept in number, whatever becomes of each."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.chaos.ledger import Ledger
from tests.worker.process import ROOT, Worker

#: In place of the exit code of a worker that did not leave within a minute.
STUCK = -1000
#: Seconds that a fault waits for a worker to hit.
_PATIENCE = 5.0


class Crew:
    """The workers. Each place has a name that its next worker gets, too, as after a restart."""

    def __init__(self, places: int, start: Callable[[str, Path], Worker], folder: Path) -> None:
        self._start = start
        self._folder = folder
        self._lock = threading.Lock()
        self._started = 0
        self._workers: list[Worker | None] = [None] * places
        self._leaving: list[Worker] = []
        #: How workers left that were asked to.
        self.exits: list[int] = []

    def keep_up(self) -> None:
        """Start a worker in each place that has none."""
        with self._lock:
            for place, worker in enumerate(self._workers):
                if worker is None or worker.process.poll() is not None:
                    self._started += 1
                    log = self._folder / f"worker-{self._started}.log"
                    self._workers[place] = self._start(f"chaos-{place}", log)
            self._collect()

    def pick(self, chance: Random, spare: int = 0) -> Worker | None:
        """A worker that is at work, if so many others are; waits a moment for that."""
        give_up_at = time.monotonic() + _PATIENCE
        while True:
            with self._lock:
                working = self._working()
            if len(working) > spare:
                return chance.choice(working)
            if time.monotonic() > give_up_at:
                return None
            time.sleep(0.05)

    def begin(self) -> None:
        """Start them all and wait until they work."""
        self.keep_up()
        for worker in filter(None, self._workers):
            worker.ready()

    def retire(self, worker: Worker) -> bool:
        """Take a worker out of its place, for a new one; it is expected to leave with 0."""
        with self._lock:
            if worker not in self._workers:
                return False
            self._workers[self._workers.index(worker)] = None
            self._leaving.append(worker)
            return True

    def dismiss(self) -> None:
        """End them all, gently."""
        with self._lock:
            working = self._working()
            for worker in filter(None, self._workers):
                if worker in working:
                    worker.signal(signal.SIGTERM)
                    self._leaving.append(worker)
                else:  # it has only begun to start, and SIGTERM ends it as it does any program
                    worker.destroy()
            give_up_at = time.monotonic() + 60
            while self._leaving and time.monotonic() < give_up_at:
                self._collect()
                time.sleep(0.05)
            for worker in self._leaving:
                worker.destroy()
                self.exits.append(STUCK)

    @property
    def started(self) -> int:
        """How many workers there have been."""
        return self._started

    def _working(self) -> list[Worker]:
        return [
            worker
            for worker in self._workers
            if worker and worker.process.poll() is None and "working on" in worker.log
        ]

    def _collect(self) -> None:
        for worker in list(self._leaving):
            if (code := worker.process.poll()) is not None:
                self._leaving.remove(worker)
                self.exits.append(code)


class Helper:
    """A producer or a ticker: started again until it has ended well, or is told to end."""

    def __init__(self, part: int, words: list[str], environment: dict[str, str], log: Path) -> None:
        self.part = part
        self._command = [sys.executable, "-m", *words]
        self._environment = os.environ | environment
        self._log = log
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def keep_up(self) -> None:
        """Start it again if it was killed."""
        with self._lock:
            if self._process is None or self._process.poll() not in (None, 0):
                with self._log.open("a") as log:
                    self._process = subprocess.Popen(
                        self._command,
                        env=self._environment,
                        cwd=ROOT,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )

    @property
    def finished(self) -> bool:
        """Whether it has ended well."""
        with self._lock:
            return self._process is not None and self._process.poll() == 0

    def kill(self) -> bool:
        """kill -9; False when it does not run."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                return False
            self._process.kill()
            self._process.wait()
            return True


class Producer(Helper):
    """One of those who enqueue, with its ledger."""

    def __init__(
        self, part: int, dsn: str, words: list[object], environment: dict[str, str], folder: Path
    ) -> None:
        file = folder / f"ledger-{part}"
        self.ledger = Ledger(file)
        command = ["tests.chaos.producer", dsn, str(file), *map(str, words), str(part)]
        super().__init__(part, command, environment, folder / f"producer-{part}.log")
