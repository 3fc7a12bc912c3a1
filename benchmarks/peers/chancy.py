"""chancy with its asyncio executor and eager polling."""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence

import uvloop
from chancy import Chancy, Queue, Worker, job

from benchmarks.peers.base import Adapter
from benchmarks.peers.work import work

CONCURRENCY = 100


@job(queue="default")
async def noop(*, number: int) -> None:
    work(number)


def queue() -> Queue:
    return Queue(
        "default",
        concurrency=CONCURRENCY,
        executor=Chancy.Executor.Async,
        polling_interval=1,
        eager_polling=True,
    )


class System(Adapter):
    unfinished_sql = (
        "select count(*) from chancy_jobs where state not in ('succeeded', 'failed', 'expired')"
    )
    finished_sql = "select count(*) from chancy_jobs where state = 'succeeded'"

    def setup(self) -> None:
        asyncio.run(self._migrate())
        self._app = Chancy(self.service)
        self._app.sync_pool.open(wait=True)

    async def _migrate(self) -> None:
        async with Chancy(self.service) as app:
            await app.migrate()
            await app.declare(queue())

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._app.sync_push(noop.job.with_kwargs(number=number))

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        jobs = [noop.job.with_kwargs(number=number) for number in numbers]
        for _ in self._app.sync_push_many(jobs):
            pass

    def worker(self) -> list[str]:
        return [sys.executable, "-P", "-m", "benchmarks.peers.chancy"]


async def main() -> None:
    # By default it writes a line for each job.
    quiet = logging.getLogger("chancy.quiet")
    quiet.setLevel(logging.WARNING)
    async with Chancy(os.environ["BENCH_SERVICE"], log=quiet) as app:
        async with Worker(app) as worker:
            await worker.wait_for_shutdown()


if __name__ == "__main__":
    uvloop.run(main())
