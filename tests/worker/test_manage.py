"""`manage.py reproq`: the commands on the database of Django's settings."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from reproq_django.dsn import dsn_from_settings
from reproq_django.tasks import debug_error_task, debug_noop_task
from tests.worker.process import ROOT, is_alive, until

MANAGE = [sys.executable, "-m", "django", "reproq"]


@pytest.fixture
def no_database_url(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.mark.parametrize("isolation", ["process", "thread"])
def test_the_worker_runs_django_tasks(django_env, isolation):
    good, bad = debug_noop_task.enqueue(), debug_error_task.enqueue("as asked")
    done = subprocess.run(
        [*MANAGE, "worker", "--until-empty", "--concurrency", "2", "--isolation", isolation],
        env=django_env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert "processed 2 tasks" in done.stdout
    good.refresh()
    bad.refresh()
    assert good.return_value == "ok"
    assert bad.raw_status == "SCHEDULED"
    assert bad.errors[0].exception_class is RuntimeError


@pytest.mark.django_db
def test_output_goes_where_the_caller_wants_it(no_database_url):
    out = io.StringIO()
    call_command("reproq", "version", stdout=out)
    call_command("reproq", "migrate", stdout=out)
    assert out.getvalue().startswith("reproq-worker version ")
    assert out.getvalue().endswith("\nReproq schema already present.\n")


@pytest.mark.django_db
def test_commands_of_a_group_know_the_database_too(no_database_url):
    for flags in ([], ["--database", "default"]):
        out = io.StringIO()
        call_command("reproq", "triage", "list", *flags, stdout=out)
        assert out.getvalue() == "No failed tasks.\n"


@pytest.mark.django_db
def test_the_token_of_the_settings_is_the_workers(no_database_url, settings):
    settings.METRICS_AUTH_TOKEN = "canary-8"
    out = io.StringIO()
    call_command("reproq", "config", "--explain", "--metrics-port", "9090", stdout=out)
    assert 'metrics.auth_token: "<redacted>" (Django settings)' in out.getvalue()
    assert "canary-8" not in out.getvalue()


@pytest.mark.django
def test_another_program_can_be_the_worker(django_env, tmp_path):
    program = tmp_path / "other-worker"
    program.write_text('#!/bin/sh\necho "$@" on "$DATABASE_URL"\n')
    program.chmod(0o755)
    command = [*MANAGE, "worker", "--queues", "a"]
    environment = django_env | {"REPROQ_WORKER_BIN": str(program)}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == f"worker --queues a on {django_env['DATABASE_URL']}\n"
    missing = environment | {"REPROQ_WORKER_BIN": "/no/such/worker"}
    done = subprocess.run(command, env=missing, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "cannot be started" in done.stderr) == (2, True)


@pytest.mark.django_db
def test_migrate_worker_says_that_the_schema_is_there(no_database_url):
    out = io.StringIO()
    call_command("reproq", "migrate-worker", stdout=out)
    assert out.getvalue() == "✅ Reproq schema already present.\n"


@pytest.mark.django
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("migrate-worker", ["as `manage.py migrate` does", "--database"]),
        ("worker", ["--database", "--reload", "--concurrency"]),
        ("stats", ["--database"]),
    ],
)
def test_help_does_nothing_and_names_what_only_manage_takes(no_database_url, command, words):
    out = io.StringIO()
    call_command("reproq", command, "--help", stdout=out)
    assert all(word in out.getvalue() for word in words)
    assert "already present" not in out.getvalue()


@pytest.mark.django_db
def test_database_url_wins_over_the_settings_and_an_alias_over_both(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    with pytest.raises(CommandError) as refused:
        call_command("reproq", "migrate")
    assert refused.value.returncode == 3
    out = io.StringIO()
    call_command("reproq", "migrate", "--database", "default", stdout=out)
    assert "already present" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["worker", "--concurrency", "0"], "worker.concurrency"),
        (["worker", "--database", "elsewhere"], "elsewhere"),
        (["version", "--database", "default"], "--database"),
        (["worker", "--no-such-flag"], "--no-such-flag"),
        (["migrate-worker", "--no-such-flag"], "--no-such-flag"),
        (["migrate-worker", "something"], "something"),
        (["no-such-command"], "no-such-command"),
    ],
)
@pytest.mark.django_db
def test_a_mistake_is_a_command_error_with_code_2(no_database_url, arguments, words):
    with pytest.raises(CommandError, match=words) as refused:
        call_command("reproq", *arguments)
    assert refused.value.returncode == 2


@pytest.mark.django
def test_the_dsn_holds_all_that_django_would_use(monkeypatch):
    monkeypatch.setitem(
        connections.settings,
        "other",
        connections.settings["default"]
        | {
            "NAME": "shop",
            "USER": "someone",
            "PASSWORD": "with space and 'quote",
            "HOST": "db.example",
            "PORT": "6432",
            "OPTIONS": {
                "sslmode": "require",
                "options": "-c search_path=tasks",
                "assume_role": "queue user",
                "pool": False,
                "server_side_binding": True,
            },
        },
    )
    parts = conninfo_to_dict(dsn_from_settings("other"))
    assert parts["dbname"] == "shop"
    assert parts["user"] == "someone"
    assert parts["password"] == "with space and 'quote"
    assert (parts["host"], parts["port"]) == ("db.example", "6432")
    assert parts["sslmode"] == "require"
    assert parts["options"] == "-c search_path=tasks -c role=queue\\ user"


@pytest.mark.django
def test_another_kind_of_database_is_refused(monkeypatch):
    monkeypatch.setitem(
        connections.settings,
        "lite",
        connections.settings["default"]
        | {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "OPTIONS": {}},
    )
    with pytest.raises(ImproperlyConfigured, match="not PostgreSQL"):
        dsn_from_settings("lite")


@pytest.fixture
def project(tmp_path: Path, django_env: dict[str, str]) -> tuple[Path, dict[str, str]]:
    """A project with an app whose tasks can be edited, and the environment to run it in."""
    app = tmp_path / "editable"
    app.mkdir()
    (app / "__init__.py").touch()
    (tmp_path / "editable_settings.py").write_text(
        "from tests.settings import *\nINSTALLED_APPS = [*INSTALLED_APPS, 'editable']\n"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    return app, django_env | {"DJANGO_SETTINGS_MODULE": "editable_settings", "PYTHONPATH": path}


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_reload_restarts_the_worker_when_a_task_changes_and_ends_with_it(project, ending):
    from django.db import connection

    app, environment = project

    def edit(answer: str) -> None:
        (app / "tasks.py").write_text(
            textwrap.dedent(f"""
            from reproq_django import task

            @task
            def answer():
                return {answer!r}
            """)
        )

    def answered() -> str:
        with connection.cursor() as cursor:
            cursor.execute("select reproq_enqueue('editable.tasks.answer', dedup => false)")
            [run] = cursor.fetchone()
        return debug_noop_task.get_backend().get_result(str(run)).wait(10).return_value

    edit("before")
    flags = ["--reload", "--concurrency", "1"]
    worker = subprocess.Popen(
        [*MANAGE, "worker", *flags], env=environment, cwd=app.parent, stdout=subprocess.DEVNULL
    )
    try:
        assert answered() == "before"
        time.sleep(0.1)
        edit("after the change")
        until(lambda: answered() == "after the change", 10, every=0.2)
        below = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        assert below
        worker.send_signal(ending)
        worker.wait(10)
        until(lambda: not any(is_alive(int(pid)) for pid in below))
    finally:
        worker.kill()
