"""The public modules are clean under mypy's strict rules, and say of a task what it takes."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = [
    *("__init__", "backend", "base_backend", "concurrency", "decorator", "exceptions", "generic"),
    *("recurring", "results", "signals", "task_class", "testing", "workflow_results", "workflows"),
    *("run_store", "executor/api"),
]
FILES = [
    *(f"reproq_django/{name}.py" for name in PUBLIC),
    *("reproq_worker/call.py", "reproq_worker/errors.py", "reproq_worker/install"),
    "tests/house/typed_usage.py",
]


@pytest.mark.slow
def test_the_public_modules_and_what_they_say_of_a_task():
    python = sys.executable if find_spec("mypy") else str(ROOT / ".venv" / "bin" / "python")
    command = [python, "-m", "mypy", *FILES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
