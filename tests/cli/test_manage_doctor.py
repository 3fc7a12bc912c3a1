"""`manage.py reproq doctor` finds what is wrong with a project."""

import io
from contextlib import suppress

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from reproq_django.recurring import recurring
from reproq_django.tasks import debug_noop_task
from reproq_worker import __version__
from reproq_worker.call import call_value
from tests.shop import tasks

pytestmark = pytest.mark.django

MISTAKES = [
    (
        {"TASKS": {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}},
        "error    no backend of TASKS is Reproq's",
    ),
    ({"TASKS": {"default": {"BACKEND": "no.such"}}}, "error    Could not find backend"),
    ({"REPROQ_QUEUE_DATABASES": ["mail"]}, "error    REPROQ_QUEUE_DATABASES must be"),
    ({"REPROQ_QUEUE_DATABASES": {"mail": "nowhere"}}, "there is no database 'nowhere'"),
    ({"REPROQ_QUEUE_DATABASES": {"mail": "queues"}}, "no router knows it"),
    ({"DATABASE_ROUTERS": ["tests.cli.routers.Nothing"]}, "a router keeps the tables out"),
    ({"DEBUG": True}, "warning  DEBUG is on"),
    ({"USE_TZ": False}, "warning  USE_TZ is off"),
    ({"REPROQ_WORKER_BIN": "/no/such"}, "error    REPROQ_WORKER_BIN /no/such"),
    ({"ALLOWED_TASK_MODULES": "*"}, "warning  ALLOWED_TASK_MODULES is *"),
    (
        {"ALLOWED_TASK_MODULES": "reproq_django.tasks"},
        "error    tasks that no worker may run: tests.shop.tasks.",
    ),
    (
        {
            "TASKS": {
                "default": {
                    "BACKEND": "reproq_django.backend.ReproqBackend",
                    "QUEUES": ["default", "nobody"],
                }
            }
        },
        "no worker serves these queues of yours: nobody",
    ),
]


@pytest.mark.django_db(databases=["default", "queues"], transaction=True)
class TestDoctor:
    @pytest.fixture(autouse=True)
    def worker(self, db):
        with connection.cursor() as cursor:
            call_value(
                cursor,
                "register_worker",
                worker_id="w",
                hostname="h",
                concurrency=1,
                queues=[task.queue_name for task in (tasks.add, debug_noop_task)],
                version=__version__,
            )

    @pytest.fixture
    def findings(self, manage):
        """What doctor prints, whatever it ends with."""

        def run() -> str:
            out = io.StringIO()
            with suppress(CommandError):
                call_command("reproq", "doctor", stdout=out)
            return out.getvalue()

        return run

    def test_finds_each_mistake_in_the_settings(self, findings):
        # All in one test: to empty two databases takes longer than to look at them.
        missed = []
        for changed, words in MISTAKES:
            with override_settings(**changed):
                if words not in findings():
                    missed.append(words)
        assert missed == []

    def test_says_nothing_of_what_is_well(self, findings):
        assert findings().endswith("Doctor found 0 error(s) and 0 warning(s).\n")

    def test_finds_schedules_that_were_not_synced_or_lead_nowhere(self, findings, monkeypatch):
        from reproq_django import recurring as module

        monkeypatch.setattr(module, "_registered", {})
        recurring(schedule="@daily", key="new")(tasks.add)
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into periodic_tasks (name, cron_expr, task_path)"
                " values ('old', '@daily', 'shop.gone')"
            )
        found = findings()
        assert "schedules of the code are not in the database: new" in found
        assert "schedules enqueue tasks that are not there: shop.gone" in found

    def test_finds_migrations_that_were_not_applied(self, findings):
        with connection.cursor() as cursor:
            cursor.execute(
                "update django_migrations set app = 'was' where app = 'reproq_django' returning 1"
            )
            try:
                assert "Django's migrations have not been applied" in findings()
            finally:
                cursor.execute(
                    "update django_migrations set app = 'reproq_django' where app = 'was'"
                )

    def test_looks_at_the_settings_though_the_database_is_gone(self, manage, settings, monkeypatch):
        settings.DEBUG = True
        monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
        out = io.StringIO()
        with pytest.raises(CommandError) as error:
            call_command("reproq", "doctor", stdout=out)
        assert error.value.returncode == 3
        assert "DEBUG is on" in out.getvalue()
