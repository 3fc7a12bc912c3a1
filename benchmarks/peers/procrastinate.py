"""procrastinate with its synchronous producer and an asynchronous worker."""

import os
import sys
from collections.abc import Sequence

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.jobs import JobDeferrer

from benchmarks.peers.base import Adapter
from benchmarks.peers.work import work

CONCURRENCY = 10

app = App(connector=PsycopgConnector(conninfo=os.environ.get("BENCH_SERVICE", "")))


@app.task(name="noop")
async def noop(number: int) -> None:
    work(number)


class System(Adapter):
    unfinished_sql = (
        "select count(*) from procrastinate_jobs where status in ('todo', 'doing', 'aborting')"
    )
    finished_sql = "select count(*) from procrastinate_jobs where status = 'succeeded'"

    def setup(self) -> None:
        self._producer = App(connector=SyncPsycopgConnector(conninfo=self.service))
        self._producer.open()
        self._producer.schema_manager.apply_schema()

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._deferrer().defer(number=number)

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        self._deferrer().batch_defer(*({"number": number} for number in numbers))

    def _deferrer(self) -> JobDeferrer:
        return self._producer.configure_task("noop")

    def worker(self) -> list[str]:
        program = [sys.executable, "-P", "-m", "procrastinate"]
        where = ["--app", "benchmarks.peers.procrastinate.app"]
        return [*program, *where, "worker", "--concurrency", str(CONCURRENCY)]
