"""django-ox with four threads, polling every 10 ms."""

from collections.abc import Sequence

from benchmarks.peers.django_base import DjangoAdapter


class System(DjangoAdapter):
    app = "django_ox"
    backend = "django_ox.backend.OxBackend"
    unfinished_sql = "select count(*) from django_ox_oxtask where status in ('READY', 'RUNNING')"
    finished_sql = "select count(*) from django_ox_oxtask where status = 'SUCCESSFUL'"

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        from django_ox.bulk import enqueue_many

        enqueue_many(self.task, [((number,), {}) for number in numbers])

    def worker(self) -> list[str]:
        return self.command("ox_worker", "--concurrency", "4", "--interval", "0.01")
