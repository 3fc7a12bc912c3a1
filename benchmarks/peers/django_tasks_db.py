"""django-tasks-db, its worker polling every 10 ms."""

from benchmarks.peers.django_base import DjangoAdapter


class System(DjangoAdapter):
    app = "django_tasks_db"
    backend = "django_tasks_db.DatabaseBackend"
    unfinished_sql = (
        "select count(*) from django_tasks_database_dbtaskresult"
        " where status in ('READY', 'RUNNING')"
    )
    finished_sql = (
        "select count(*) from django_tasks_database_dbtaskresult where status = 'SUCCESSFUL'"
    )

    def worker(self) -> list[str]:
        options = ["--interval", "0.01", "--no-startup-delay", "--verbosity", "0"]
        return self.command("db_worker", *options)
