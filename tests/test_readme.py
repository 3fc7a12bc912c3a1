"""Everything that README.md tells people to type does what README.md says."""

import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from reproq_worker.embedded import embedded_bin_dir
from tests.harness.servers import Servers

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTINGS = """
INSTALLED_APPS += ["shop"]
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "{name}", "HOST": "{host}", "PORT": {port}, "USER": "{user}",
}}}}
"""


def blocks(language: str) -> list[str]:
    """The fenced blocks of README.md in a language."""
    text = (ROOT / "README.md").read_text()
    return [body for found, body in BLOCK.findall(text) if found == language]


def shell_lines(start: str) -> list[str]:
    """The commands of README.md that begin so, without their comments."""
    lines = [line for body in blocks("sh") for line in body.splitlines()]
    return [line.split("  #")[0].strip() for line in lines if line.startswith(start)]


def python_block(heading: str) -> str:
    """The block of Python under this first line."""
    [body] = [body for body in blocks("python") if body.startswith(f"# {heading}\n")]
    return body


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what pytest and Django's tests have put there."""
    own = ("PYTEST_", "DJANGO_", "DATABASE_URL", "PYTHONPATH")
    return {n: v for n, v in os.environ.items() if not n.startswith(own)} | more


class Project:
    """A new Django project, with Reproq installed as README.md says, on a database of its own."""

    def __init__(self, folder: Path, server, database: str) -> None:
        self.folder = folder / "project"
        self.dsn = server.dsn(database)
        bin_dir = self._make_venv(folder / "venv")
        self.environment = clean_environment(
            PATH=f"{bin_dir}:{os.environ['PATH']}",
            # hatchling is at hand and need not be fetched: pip takes 0 for "no isolation", too.
            PIP_NO_BUILD_ISOLATION="0",
            PIP_DISABLE_PIP_VERSION_CHECK="1",
        )
        [install] = shell_lines("pip ")
        self.run(install, cwd=ROOT)
        self.folder.mkdir()
        self.run("django-admin startproject project .")
        self.run("django-admin startapp shop")
        with (self.folder / "project/settings.py").open("a") as settings:
            settings.write(
                SETTINGS.format(name=database, host=server.host, port=server.port, user=server.user)
            )
            settings.write(python_block("settings.py"))
        (self.folder / "shop/tasks.py").write_text(python_block("shop/tasks.py"))

    def run(self, command: str, *, cwd: Path | None = None, stdin: str = "") -> str:
        """Run a command as a person would, and return what it says."""
        done = subprocess.run(
            shlex.split(command),
            cwd=cwd or self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start a command that goes on until it is told to stop."""
        return subprocess.Popen(
            shlex.split(command),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @staticmethod
    def _make_venv(venv: Path) -> Path:
        # The dependencies are those of this environment; Reproq comes from what pip installs.
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        [site_packages] = venv.glob("lib/python*/site-packages")
        base = sysconfig.get_path("purelib")
        (site_packages / "base.pth").write_text(f"import sys; sys.path.append({base!r})\n")
        for command, module in (("pip", "pip"), ("django-admin", "django")):
            script = venv / "bin" / command
            script.write_text(f'#!/bin/sh\nexec "{venv}/bin/python" -m {module} "$@"\n')
            script.chmod(0o755)
        return venv / "bin"


@pytest.fixture(scope="module")
def project(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """README.md's Django project, migrated."""
    server = servers["pg18"]
    database = server.new_database(empty=True)
    project = Project(tmp_path_factory.mktemp("readme"), server, database)
    [migrate] = shell_lines("python manage.py migrate")
    project.run(migrate)
    yield project
    server.dropdb(database)


def test_every_block_is_of_a_kind_that_is_run_here() -> None:
    languages = [language for language, _ in BLOCK.findall((ROOT / "README.md").read_text())]
    assert sorted(set(languages)) == ["python", "sh", "sql"]
    assert len(blocks("sql")) == 1
    assert len(blocks("python")) == 3
    known = ["./run demo", "./run test", "pip install .", *shell_lines("python manage.py ")]
    assert shell_lines("") == known
    assert len(known) == 5


@pytest.mark.slow
def test_a_task_of_the_django_project_is_run_by_its_worker(project: Project) -> None:
    [work] = shell_lines("python manage.py reproq worker")
    worker = project.start(work)
    try:
        said = project.run("python manage.py shell", stdin=python_block("python manage.py shell"))
        assert said.splitlines()[-1] == "receipt for order 42"
    finally:
        worker.send_signal(signal.SIGINT)
        log, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0, log
    module = project.run("python -c 'import reproq_django; print(reproq_django.__file__)'")
    assert "/venv/" in module, "the installed wheel was to be tested, not the checkout"


@pytest.mark.slow
def test_psql_is_a_producer_and_a_worker(project: Project) -> None:
    [script] = blocks("sql")
    psql = embedded_bin_dir() / "psql"
    said = project.run(f"{psql} {project.dsn} -X -v ON_ERROR_STOP=1 -P pager=off", stdin=script)
    assert "in_line" in said
    assert "no_worker" in said
    assert "held" in said
    assert said.rstrip().endswith("(0 rows)")
    with psycopg.connect(project.dsn) as conn:
        row = conn.execute(
            "select status, attempts, return_json, errors_json -> 0 ->> 'message'"
            " from task_runs where queue_name = 'by-hand'"
        ).fetchone()
    assert row == ("SUCCESSFUL", 2, "printed", "no paper")


@pytest.mark.slow
def test_run_test_sets_itself_up_and_hands_arguments_to_pytest() -> None:
    """`./run test` itself is what runs this; so that it ends, it is asked for a list of tests."""
    [command] = shell_lines("./run test")
    done = subprocess.run(
        [*shlex.split(command), "--collect-only", "-q", "-k", "test_readme"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_every_block_is_of_a_kind_that_is_run_here" in done.stdout
