"""dramatiq on Redis, one process of eight threads, no results."""

import os
from collections.abc import Sequence

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from benchmarks.peers.base import Adapter, program
from benchmarks.peers.work import work

broker = RedisBroker(url=os.environ.get("BENCH_SERVICE", "redis://localhost"))
dramatiq.set_broker(broker)


@dramatiq.actor(actor_name="noop")
def noop(number: int) -> None:
    work(number)


class System(Adapter):
    def setup(self) -> None:
        self._redis = redis.Redis.from_url(self.service)
        self._redis.flushall()

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            noop.send(number)

    def unfinished(self) -> int:
        """Messages keep their entry in this hash until they are acknowledged."""
        return self._redis.hlen("dramatiq:default.msgs")

    def worker(self) -> list[str]:
        command = [program("dramatiq"), "benchmarks.peers.dramatiq"]
        return [*command, "--processes", "1", "--threads", "8"]
