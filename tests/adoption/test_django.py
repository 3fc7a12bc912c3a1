"""`manage.py migrate` adopts, whatever migrations of the same app were recorded before."""

import json
import os
import subprocess
import sys

import psycopg
import pytest

from tests.adoption.layouts import LAYOUTS

pytestmark = pytest.mark.django

PROGRAM = """
import django
django.setup()
from django.core.management import call_command as manage
manage("migrate", run_syncdb=True)
manage("makemigrations", check=True, dry_run=True)
manage("reproq", "migrate-worker")
manage("check")
from tests.backend.running import run_all
from tests.shop.models import Customer
from reproq_django.models import TaskRun, WorkflowRun
Customer.objects.create(pk=7, name="Ann")
run_all()
print("returned", list(TaskRun.objects.order_by("result_id").values_list("return_json", flat=True)))
"""
# As the reference implementation writes them.
ARGUMENTS = [
    {"__reproq_type__": "timedelta", "days": 1, "seconds": 2, "microseconds": 3},
    {"__reproq_type__": "model", "app_label": "shop", "model": "customer", "pk": 7},
    {"__reproq_type__": "model", "app_label": "shop", "model": "customer", "pk": "7"},
]


@pytest.fixture
def old_url(django_server):
    name = django_server.new_database(empty=True)
    yield django_server.dsn(name)
    django_server.dropdb(name)


@pytest.mark.parametrize("layout", ["django", "sql"])
def test_migrate_takes_the_database_over(old_url, layout):
    with psycopg.connect(old_url, autocommit=True) as connection:
        connection.execute(LAYOUTS[layout])
        for argument in ARGUMENTS:
            path = "tests.shop.tasks.describe"
            spec = {"v": 1, "task_path": path, "args": [argument], "kwargs": {},
                "takes_context": False, "queue_name": "default", "priority": 0, "lock_key": None,
                "concurrency_key": None, "concurrency_limit": 0, "run_after": None,
                "exec": {"timeout_seconds": 900, "max_attempts": 3},
                "provenance": {"code_ref": None, "pip_lock_hash": None}}  # fmt: skip
            connection.execute(
                "insert into task_runs (backend_alias, queue_name, priority, spec_json, spec_hash,"
                " task_path, status, enqueued_at, attempts, max_attempts, timeout_seconds,"
                " concurrency_limit, worker_ids, errors_json, metadata_json, wait_count,"
                " created_at, updated_at, cancel_requested) values ('default', 'default', 0, %s,"
                " md5(random()::text) || md5(random()::text), %s, 'READY', now(), 0, 3, 900, 0,"
                " '[]', '[]', '{}', 0, now(), now(), false)",
                [json.dumps(spec), path],
            )
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"DATABASE_URL": old_url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "No changes detected" in done.stdout
    assert "Reproq schema already present." in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "returned [['timedelta', '1 day, 0:00:02.000003'],"
        " ['Customer', 'Customer object (7)'], ['Customer', 'Customer object (7)']]"
    )
    with psycopg.connect(old_url) as connection:
        assert connection.execute("select * from reproq_violations()").fetchall() == []
        recorded = connection.execute(
            "select name from django_migrations where app = 'reproq_django' order by 1"
        ).fetchall()
    # What others recorded under the app's name stays: Django passes over what it does not know.
    assert recorded[0] == ("0001_initial",)
    assert len(recorded) == (3 if layout == "django" else 1)
