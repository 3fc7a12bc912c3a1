"""pgqueuer with asyncpg and uvloop, batches of 100."""

import asyncio
import os
import sys
from collections.abc import Sequence

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from benchmarks.peers.base import AsyncAdapter
from benchmarks.peers.work import work

BATCH = 100


class System(AsyncAdapter):
    new_loop = uvloop.new_event_loop
    unfinished_sql = "select count(*) from pgqueuer"
    finished_sql = "select count(*) from pgqueuer_log where status = 'successful'"

    def setup(self) -> None:
        self.run(self._connect())
        self.run(self._queries.install())

    async def _connect(self) -> None:
        connection = await asyncpg.connect(self.service)
        self._queries = Queries.from_asyncpg_connection(connection)

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        self.run(self._enqueue_one(numbers))

    async def _enqueue_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            await self._queries.enqueue("noop", str(number).encode())

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        payloads = [str(number).encode() for number in numbers]
        count = len(payloads)
        self.run(self._queries.enqueue(["noop"] * count, payloads, [0] * count))

    def worker(self) -> list[str]:
        return [sys.executable, "-P", "-m", "benchmarks.peers.pgqueuer"]


async def main() -> None:
    connection = await asyncpg.connect(os.environ["BENCH_SERVICE"])
    queue = PgQueuer.from_asyncpg_connection(connection)

    @queue.entrypoint("noop")
    async def noop(job: Job) -> None:
        work(int(job.payload or b""))

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(15, queue.shutdown.set)
    await queue.run(batch_size=BATCH)


if __name__ == "__main__":
    uvloop.run(main())
