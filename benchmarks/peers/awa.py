"""awa-pg: a Rust core that calls Python, 1,024 slots."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from awa import AsyncClient

from benchmarks.peers.base import AsyncAdapter
from benchmarks.peers.work import work

SLOTS = 1024
BATCH = 1000


@dataclass
class Noop:
    number: int


class System(AsyncAdapter):
    # Its own queue_stats() takes seconds and holds up the workers.
    unfinished_sql = """
        select (select count(*) from awa.ready_entries)
            - (select coalesce(sum(completed_count), 0) from awa.receipt_completion_batches)
            - (select count(*) from awa.done_entries)
    """

    def setup(self) -> None:
        self.run(self._connect())

    async def _connect(self) -> None:
        self._client = AsyncClient(self.service)
        await self._client.migrate()
        # Migrating alone leaves an empty database on the older storage, which has no COPY.
        await self._client.install_queue_storage(schema="awa")

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        self.run(self._enqueue_one(numbers))

    async def _enqueue_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            await self._client.insert(Noop(number))

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        self.run(self._enqueue_bulk(numbers))

    async def _enqueue_bulk(self, numbers: Sequence[int]) -> None:
        await self._client.enqueue_many_copy([Noop(number) for number in numbers])

    def worker(self) -> list[str]:
        return [sys.executable, "-P", "-m", "benchmarks.peers.awa"]


async def main() -> None:
    client = AsyncClient(os.environ["BENCH_SERVICE"])

    @client.task(Noop, queue="default")
    async def noop(job: object) -> None:
        work(job.args.number)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await client.start([("default", SLOTS)])
    await stop.wait()
    await client.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
