"""What docs/from-*.md promise to who comes from another queue works as it is written there."""

import ast
import re
import sys
from pathlib import Path

import pytest

from reproq_django import recurring
from reproq_django.testing import run_all

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(ROOT.glob("docs/from-*.md"))
BLOCK = re.compile(r"^```python\n# ([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: The first column of its tables, and the comments of its examples that show the same over there.
OLD_SIDE = re.compile(r"^\| ([^|]+) \|", re.MULTILINE)
COMMENTED = re.compile(r"(?:^|  )# ([^\n]*\([^\n]*\)[^\n]*)$", re.MULTILINE)
IN_ORDER = [
    "settings.py",
    "shop/tasks.py",
    "python manage.py shell",
    "python manage.py shell, when a worker has been at them",
]


@pytest.fixture
def shop(tmp_path, monkeypatch, settings):
    """An importable package `shop`, whose tasks may run, as long as the test does."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(recurring, "_registered", {})
    settings.ALLOWED_TASK_MODULES = "shop"
    yield tmp_path / "shop"
    for name in [name for name in sys.modules if name.split(".")[0] == "shop"]:
        del sys.modules[name]


def test_there_are_pages():
    assert [page.stem for page in PAGES] == [
        "from-celery",
        "from-django-tasks-db",
        "from-django-tasks-redis",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_works(page, shop, settings):
    found = dict(BLOCK.findall(page.read_text()))
    assert list(found) == IN_ORDER
    names: dict[str, object] = {}
    exec(found["settings.py"], names)
    settings.TASKS = names["TASKS"]
    (shop / "tasks.py").write_text(found["shop/tasks.py"])
    session: dict[str, object] = {}
    exec(found[IN_ORDER[2]], session)
    assert run_all(raise_errors=True)
    exec(found[IN_ORDER[3]], session)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_said_of_the_other_queue_is_python(page):
    """Its packages are nothing that tests should need; what is quoted of them at least parses."""
    words = page.read_text()
    quoted = [line.split("`")[1::2] for line in OLD_SIDE.findall(words)]
    said = [each for spans in quoted for each in spans] + COMMENTED.findall(words)
    assert len(said) > 10
    for each in said:
        if not each.startswith(("manage.py ", "celery ", "--")):
            ast.parse(as_statement(each))


def as_statement(quoted: str) -> str:
    """A piece of code with what has to stand around it."""
    if quoted.startswith("@"):
        return f"{quoted}\ndef f(): pass"
    if quoted.startswith("."):
        return f"result{quoted}"
    return f"{{{quoted}}}" if quoted.startswith('"') else quoted
