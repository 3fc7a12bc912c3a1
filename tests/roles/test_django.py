"""Django's side with a role of its own: what it can do, and the one thing that it must be given."""

import os
import subprocess
import sys

import pytest

from tests.roles.conftest import ROLES
from tests.worker.process import ROOT

PRODUCE = """
import django
django.setup()
from reproq_django.tasks import debug_noop_task as task
result = task.enqueue()
print("enqueued", result.id)
result.refresh()
print(result.raw_status)
"""


@pytest.mark.slow
@pytest.mark.django
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_producer_and_a_worker_of_django(told_apart, dsn):
    def run(kind, *command):
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": dsn.replace("postgres@", f"{ROLES[kind]}@"),
        }
        return subprocess.run(
            [sys.executable, *command],
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )

    produced = run("producer", "-c", PRODUCE)
    assert produced.stdout == "enqueued 1\n"
    assert "permission denied for table task_runs" in produced.stderr
    told_apart.execute(f"grant select on task_runs to {ROLES['producer']}")
    assert run("producer", "-c", PRODUCE).stdout == "enqueued 1\nREADY\n"

    worked = run("worker", "-m", "django", "reproq", "worker", "--until-empty")
    assert worked.returncode == 0, worked.stdout + worked.stderr
    assert "processed 1 tasks" in worked.stdout
    done = told_apart.execute("select status from task_runs where result_id = 1").fetchone()
    assert done == ("SUCCESSFUL",)
