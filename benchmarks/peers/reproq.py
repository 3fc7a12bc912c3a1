"""This project, through Django's backend; the isolation of its worker comes from its entry."""

import os
from collections.abc import Sequence

from benchmarks.peers.base import program
from benchmarks.peers.django_base import DjangoAdapter

CONCURRENCY = {"thread": 10, "process": 2, "fork": 2}


class System(DjangoAdapter):
    app = "reproq_django"
    backend = "reproq_django.backend.ReproqBackend"
    unfinished_sql = (
        "select (select count(*) from reproq_ready) + (select count(*) from reproq_leases)"
    )
    finished_sql = "select count(*) from task_runs where status = 'SUCCESSFUL'"

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        self.task.get_backend().bulk_enqueue((self.task, (number,), {}) for number in numbers)

    def worker(self) -> list[str]:
        isolation = os.environ["BENCH_ISOLATION"]
        slots = ["--isolation", isolation, "--concurrency", str(CONCURRENCY[isolation])]
        return [program("reproq"), "worker", "--dsn", self.service, *slots]
