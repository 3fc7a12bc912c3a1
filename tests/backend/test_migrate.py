"""`manage.py migrate` alone installs everything, in every way in which Django makes tables."""

import os
import subprocess
import sys

import psycopg
import pytest

from reproq_worker.install import install, is_installed

pytestmark = pytest.mark.django

# Each test is one process: starting Django costs more than what is tested.
PRELUDE = """
import django
django.setup()
from django.core.management import call_command as manage
"""
WORKS = """
from tests.shop.tasks import add
from tests.backend.running import run_one
print("it works:", run_one(add.enqueue(1, b=2)).return_value)
"""


@pytest.fixture
def empty_url(django_server):
    """An empty database on the server of this run's Django."""
    name = django_server.new_database(empty=True)
    yield django_server.dsn(name)
    django_server.dropdb(name)


@pytest.fixture
def run(empty_url):
    """Run a program in a Django project on the empty database; return what it printed."""

    def run(program, variant=None, prelude=PRELUDE):
        settings = "tests.backend.variant_settings" if variant else "tests.settings"
        environment = os.environ | {
            "DATABASE_URL": empty_url,
            "DJANGO_SETTINGS_MODULE": settings,
            "VARIANT": variant or "",
        }
        done = subprocess.run(
            [sys.executable, "-c", prelude + program],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def database(empty_url):
    with psycopg.connect(empty_url, autocommit=True) as connection:
        yield connection


def test_migrate_is_all_that_is_needed_and_may_be_repeated(run):
    out = run("manage('migrate')" + WORKS + "manage('migrate')")
    assert "it works: 3" in out
    assert "No migrations to apply" in out


def test_after_another_installer(run, database):
    with database.transaction():
        install(database.cursor())
    assert "it works: 3" in run("manage('migrate')" + WORKS)


def test_before_another_installer(run):
    out = run(
        "manage('migrate', verbosity=0)\n"
        "from django.db import connection, transaction\n"
        "from reproq_worker.install import install\n"
        "with transaction.atomic(), connection.cursor() as cursor: print(install(cursor))"
    )
    assert out == "[]\n"


@pytest.mark.parametrize("variant", [None, "translated"])
def test_makemigrations_has_nothing_to_do(run, variant):
    out = run("manage('makemigrations', 'reproq_django', check=True, dry_run=True)", variant)
    assert "No changes detected" in out


def test_without_migrations(run):
    migrate = "manage('migrate', run_syncdb=True)\n"
    assert "it works: 3" in run(migrate + WORKS + migrate, "nomigrations")


def test_unapplying_leaves_the_tables_to_reproq_uninstall(run):
    out = run(
        "manage('migrate', verbosity=0)\n"
        "manage('migrate', 'reproq_django', 'zero', verbosity=0)\n" + WORKS + "manage('migrate')"
    )
    assert "it works: 3" in out
    assert "Applying reproq_django.0001_initial... OK" in out


def test_sqlmigrate_shows_no_tables(run):
    assert "CREATE" not in run("manage('sqlmigrate', 'reproq_django', '0001')").upper()


def test_other_databases_are_left_alone(run, database):
    run("manage('migrate')", "sqlite")
    assert not is_installed(database.cursor())


def test_the_router_decides(run, database):
    # tests.shop refers to the runs, so it could not be migrated without them.
    run("manage('migrate', 'contenttypes')", "router")
    assert not is_installed(database.cursor())


def test_system_checks_are_quiet(run):
    assert "no issues" in run("manage('check')")


def test_tasks_may_be_defined_before_the_models_are_loaded(run):
    program = "from tests.backend.early_tasks import early\nprint(early.module_path)\n"
    assert run(program + PRELUDE, prelude="") == "tests.backend.early_tasks.early\n"


RECURRING = """
from django.conf import settings
from reproq_django.models import PeriodicTask
from reproq_django.recurring import recurring
from tests.shop.tasks import add
recurring(schedule="@daily", key="k")(add)
manage("migrate", verbosity=0)
manage("migrate", verbosity=0)
print(list(PeriodicTask.objects.values_list("name", "enabled")))
"""


def test_schedules_in_the_code_are_written(run):
    assert run(RECURRING) == "[('k', True)]\n"


def test_schedules_in_the_code_are_written_on_request_only(run):
    assert (
        run(
            "from django.conf import settings\nsettings.REPROQ_RECURRING_AUTOSYNC = False"
            + RECURRING
        )
        == "[]\n"
    )
