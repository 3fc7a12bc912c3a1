"""What is published: one wheel with the SQL inside, arrows that point one way, no machine."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import reproq_worker

ROOT = Path(__file__).resolve().parents[2]

# Folders of one machine, and the registries that a machine may reach by other names.
OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(?:work|root|home/\w+)(?:/|\b)|\b(?:pypi\.org|pythonhosted\.org|deb\.debian\.org|npmjs\.org)"
)


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_machine():
    found = []
    for file in tracked_files():
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{file.relative_to(ROOT)}: {match[0]}" for match in OF_A_MACHINE.finditer(text)]
    assert found == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    [file] = folder.iterdir()
    return file


def test_wheel_carries_both_packages_and_the_sql(wheel):
    assert wheel.name.startswith(f"reproq-{reproq_worker.__version__}-py3-none-any")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = [
        file.relative_to(ROOT / "sql").as_posix()
        for folder in ("functions", "migrations")
        for file in (ROOT / "sql" / folder).glob("*.sql")
    ]
    assert sources
    assert {f"reproq_worker/sql/{name}" for name in sources} <= names
    assert {"reproq_django/py.typed", "reproq_worker/py.typed"} <= names
    assert {name.split("/")[0] for name in names} == {
        "reproq_django",
        "reproq_worker",
        f"reproq-{reproq_worker.__version__}.dist-info",
    }
    assert not any(name.startswith("reproq_worker/sql/tests") for name in names)
    # What is no Python is not left behind: templates, a start script, example configurations.
    data = [
        file.relative_to(ROOT).as_posix()
        for package in ("reproq_django", "reproq_worker")
        for file in (ROOT / package).rglob("*")
        if file.suffix not in (".py", ".pyc") and file.is_file()
    ]
    assert "reproq_worker/resources/render_start.sh" in data
    assert set(data) <= names
    examples = ("reproq.example.toml", "reproq.example.yaml")
    assert {f"reproq_worker/resources/{name}" for name in examples} <= names


def test_wheel_has_the_command_and_the_licence(wheel):
    info = f"reproq-{reproq_worker.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
        assert f"{info}/licenses/LICENSE" in archive.namelist()
    assert "reproq = reproq_worker.cli:main" in entry_points


def test_worker_does_not_import_django():
    """The supervisor never does; its children load reproq_django by name."""
    script = """
import importlib, pkgutil, sys
import reproq_worker
for module in pkgutil.walk_packages(reproq_worker.__path__, "reproq_worker."):
    if not module.name.endswith((".__main__", "embedded.keeper")):
        importlib.import_module(module.name)
print(*[name for name in sys.modules if name.split(".")[0] in ("django", "reproq_django")])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_executors_do_not_know_who_supervises_them():
    script = """
import importlib, pkgutil, sys
from reproq_worker import executors
for module in pkgutil.walk_packages(executors.__path__, "reproq_worker.executors."):
    importlib.import_module(module.name)
print(*[name for name in sys.modules if name.startswith(("reproq_worker.supervisor", "psycopg"))])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_version_is_written_once():
    version = re.escape(reproq_worker.__version__)
    assignment = re.compile(rf"version\w*\s*=\s*[\"']{version}[\"']", re.IGNORECASE)
    owners = [
        file.relative_to(ROOT).as_posix()
        for file in tracked_files()
        if file.suffix in (".py", ".toml") and assignment.search(file.read_text())
    ]
    assert owners == ["reproq_worker/__init__.py"]
