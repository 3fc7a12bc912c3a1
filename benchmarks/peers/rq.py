"""rq: a fork for each job."""

import os
from collections.abc import Sequence

import redis
from rq import Queue

from benchmarks.peers.base import Adapter, program
from benchmarks.peers.work import work

BATCH = 1000


class System(Adapter):
    def setup(self) -> None:
        self._redis = redis.Redis.from_url(self.service)
        self._redis.flushall()
        self._queue = Queue("default", connection=self._redis)

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._queue.enqueue(work, number)

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        self._queue.enqueue_many([Queue.prepare_data(work, (number,)) for number in numbers])

    def unfinished(self) -> int:
        return self._queue.count + self._queue.started_job_registry.count

    def finished(self) -> int:
        return self._queue.finished_job_registry.count

    def worker(self) -> list[str]:
        service = os.environ.get("BENCH_SERVICE", self.service)
        return [program("rq"), "worker", "--url", service, "--quiet", "default"]
