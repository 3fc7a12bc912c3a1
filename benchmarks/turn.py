"""One turn of one system: everything that is measured of it in one round."""

import random
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks import processes
from benchmarks.catalogue import Entry
from benchmarks.client import Client, Failed
from benchmarks.services import Service

PATIENCE = 90.0
LOOK_EVERY = 0.005
MEMORY_EVERY = 0.25
STAMPS = 200
WARM_UP = 20
#: Workers have warmed up when this part of the tasks is done, and all are at it.
WARM = 0.1
#: A worker that is not there by now missed the drain.
LATEST = 0.5

Measures = dict[str, float]


class Sizes(NamedTuple):
    """How much work a turn is."""

    #: Of the number of tasks that the catalogue names.
    scale: float = 1.0
    one_by_one: int = 1000
    pickups: int = 100

    def tasks(self, entry: Entry) -> int:
        return max(STAMPS // 2, round(entry.tasks * self.scale))

    def stamp_every(self, entry: Entry) -> int:
        return max(1, self.tasks(entry) // STAMPS)


def warm_from(stamps: Sequence[tuple[float, int, int]], wanted: int, workers: int) -> int | None:
    """The stamp from which on a drain is measured: all workers are at it by then.

    None while that is not so. A worker that has not come by the latest is not waited for.
    """
    at_it = set()
    for place, (_, _, worker) in enumerate(stamps):
        at_it.add(worker)
        if place + 1 >= wanted * (WARM if len(at_it) == workers else LATEST):
            return place
    return None


class Turn:
    """Measures one system on an empty database."""

    def __init__(self, client: Client, service: Service, sizes: Sizes) -> None:
        self._client = client
        self._service = service
        self._sizes = sizes
        self._tasks = sizes.tasks(client.entry)
        self._enqueued = 0
        self._stamps: list[tuple[float, int, int]] = []
        self._stamps_wanted = 0

    def run(self) -> Measures:
        """Measure; raises Failed where the system did not do its work."""
        self._client.ask("setup")
        measures = self._producers()
        if self._client.entry.works:
            with self._client.workers(1) as workers:
                measures |= self._drain(workers)
                measures |= self._pickup()
            self._enqueue("enqueue_bulk", self._tasks)
            with self._client.workers(2) as workers:
                measures["drain_2"] = self._drain(workers)["drain_1"]
            self._verify()
        return measures

    def _producers(self) -> Measures:
        # They are drained, too: a slow system must not get more of them than of all others.
        count = min(self._sizes.one_by_one, self._tasks)
        self._enqueue("enqueue_one", WARM_UP)
        measures = {"enqueue_one": count / self._enqueue("enqueue_one", count)}
        before = self._service.wal_bytes()
        seconds = self._enqueue("enqueue_bulk", self._tasks)
        if self._client.entry.bulk:
            measures["enqueue_bulk"] = self._tasks / seconds
        if before is not None:
            measures["wal_enqueue"] = (self._service.wal_bytes() - before) / self._tasks
        return measures

    def _enqueue(self, do: str, count: int) -> float:
        first, every = self._enqueued, self._client.stamp_every
        self._enqueued += count
        self._stamps_wanted += sum(1 for n in range(first, first + count) if n % every == 0)
        return self._client.ask(do, first=first, count=count)

    def _drain(self, workers: list[subprocess.Popen[bytes]]) -> Measures:
        """Let workers do what is enqueued: from when all are warm until all is recorded."""
        before, wanted = len(self._stamps), self._stamps_wanted - len(self._stamps)

        def warm() -> int | None:
            return warm_from(self._stamps[before:], wanted, len(workers))

        self._until(lambda: warm() is not None, workers)
        start = self._sample(workers)
        memory, next_look = start.memory, time.monotonic() + MEMORY_EVERY

        def ran() -> bool:
            nonlocal memory, next_look
            if time.monotonic() > next_look:
                memory = max(memory, self._sample(workers).memory)
                next_look = time.monotonic() + MEMORY_EVERY
            return len(self._stamps) >= self._stamps_wanted

        self._until(ran, workers)
        self._until(lambda: self._client.unfinished() == 0, workers)
        ended, end = time.monotonic(), self._sample(workers)
        first = before + warm()
        tasks = (self._stamps_wanted - first - 1) * self._client.stamp_every
        measures = {
            "drain_1": tasks / (ended - self._stamps[first][0]),
            "memory": max(memory, end.memory),
        }
        if left := (self._stamps_wanted - start.stamps) * self._client.stamp_every:
            measures["cpu_worker"] = (end.worker_cpu - start.worker_cpu) / left * 1000
            measures["cpu_server"] = (end.server_cpu - start.server_cpu) / left * 1000
            if start.wal is not None:
                measures["wal_drain"] = (end.wal - start.wal) / left
        return measures

    def _pickup(self) -> Measures:
        """From the call of enqueue to the task's first line, one task at a time."""
        dice, waits = random.Random(1), []
        for number in range(-self._sizes.pickups, 0):
            # At no fixed beat, or a system that polls would always be met at the same moment.
            time.sleep(dice.uniform(0.02, 0.04))
            self._stamps_wanted += 1
            self._enqueued += 1
            began = self._client.ask("enqueue_now", number=number)
            self._until(lambda: len(self._stamps) >= self._stamps_wanted)
            waits.append((self._stamps[-1][0] - began) * 1000)
        # Some record what they did a second later.
        self._until(lambda: self._client.unfinished() == 0)
        cuts = statistics.quantiles(waits, n=100, method="inclusive")
        return {"pickup_p50": cuts[49], "pickup_p95": cuts[94], "pickup_p99": cuts[98]}

    def _verify(self) -> None:
        """What was enqueued was done, each task once, as far as stamps and books say."""
        numbers = [number for _, number, _ in self._stamps]
        if len(set(numbers)) != len(numbers):
            raise Failed(f"{len(numbers) - len(set(numbers))} stamped tasks ran more than once")
        finished = self._client.finished()
        if finished is not None and finished != self._enqueued:
            raise Failed(f"{self._enqueued} tasks were enqueued and {finished} recorded as done")

    def _until(
        self, condition: Callable[[], bool], workers: list[subprocess.Popen[bytes]] | None = None
    ) -> None:
        give_up_at = time.monotonic() + PATIENCE
        while True:
            self._stamps += self._client.read_stamps(skip=len(self._stamps))
            if condition():
                return
            if any(process.poll() is not None for process in workers or []):
                raise Failed(f"a worker has ended:\n{self._client.complaint()}")
            if time.monotonic() > give_up_at:
                raise Failed(
                    f"{len(self._stamps)} of {self._stamps_wanted} stamps after {PATIENCE:g} s,"
                    f" {self._client.unfinished()} tasks left:\n{self._client.complaint()}"
                )
            time.sleep(LOOK_EVERY)

    def _sample(self, workers: list[subprocess.Popen[bytes]]) -> "Sample":
        used = [processes.usage(process.pid) for process in workers]
        return Sample(
            stamps=len(self._stamps),
            worker_cpu=sum(each.cpu_seconds for each in used),
            memory=sum(each.memory_bytes for each in used),
            server_cpu=processes.cpu_seconds(self._service.pid),
            wal=self._service.wal_bytes(),
        )


class Sample(NamedTuple):
    """What workers and server have used up to a moment, and how many stamps were seen then."""

    stamps: int
    worker_cpu: float
    memory: int
    server_cpu: float
    wal: int | None
