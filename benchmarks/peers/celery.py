"""celery on Redis, prefork with two children, no result backend."""

import os
import sys
from collections.abc import Sequence

import redis
from celery import Celery

from benchmarks.peers.base import Adapter
from benchmarks.peers.work import work

app = Celery("bench", broker=os.environ.get("BENCH_SERVICE"))
# Celery's advice for many short tasks.
app.conf.worker_prefetch_multiplier = 64
app.conf.broker_connection_retry_on_startup = True


@app.task(name="noop", ignore_result=True)
def noop(number: int) -> None:
    work(number)


class System(Adapter):
    def setup(self) -> None:
        self._redis = redis.Redis.from_url(self.service)
        self._redis.flushall()
        app.conf.broker_url = self.service

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            noop.delay(number)

    def unfinished(self) -> int:
        return self._redis.llen("celery") + self._redis.hlen("unacked")

    def worker(self) -> list[str]:
        program = [sys.executable, "-P", "-m", "celery", "-A", "benchmarks.peers.celery", "worker"]
        return [*program, "--pool", "prefork", "--concurrency", "2", "--loglevel", "WARNING"]
