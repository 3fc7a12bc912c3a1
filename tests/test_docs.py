"""What the documentation names is there, and what is there to be set is documented."""

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from benchmarks.cli import main as bench
from reproq_django import specs
from reproq_django.executor.protocol import make_parser
from reproq_django.task_class import READERS
from reproq_worker.cli import main
from tests.reference import FILE as REFERENCE

ROOT = Path(__file__).resolve().parent.parent
READMES = [ROOT / folder / "README.md" for folder in ("", "sql", "benchmarks")]
PAGES = sorted([*READMES, *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)")


# Of what people come from, in the tables of names.
FOREIGN = {
    *("--pool", "--max-memory-per-child", "--continuous", "--batch", "--queue-name"),
    *("--exclude-queues", "--min-age-days", "--failed-min-age-days"),
}


def options_of_the_command() -> set[str]:
    context = click.Context(main)
    manage = import_module("reproq_django.management.commands.reproq")
    groups = [main, manage.COMMANDS_OF_MANAGE]
    commands = [
        group.get_command(context, name)
        for group in groups
        for name in group.list_commands(context)
    ]
    commands.append(bench)
    below = [sub for command in commands for sub in getattr(command, "commands", {}).values()]
    executor = {opt for action in make_parser()._actions for opt in action.option_strings}
    return executor | {
        opt for command in [*commands, *below] for param in command.params for opt in param.opts
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_and_functions_exist(page: Path) -> None:
    text = page.read_text()
    elsewhere = {"--exclude-table", "--reload", "--database", "--help", "--now", "--upgrade"}
    elsewhere |= {"--requeue-id", "--requeue-hash", "--payload"}  # of before, named as dropped
    elsewhere |= {"--report", "--seed"}  # of ./run chaos
    elsewhere |= {"--deploy"}  # of manage.py check
    if page.stem.startswith("from-"):
        elsewhere |= FOREIGN
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text):
        assert option in options_of_the_command() | elsewhere, option
    if "docs/decisions" not in str(page):
        reference = REFERENCE.read_text()
        for function in re.findall(r"\breproq_[a-z_]+(?=\()", text):
            assert function in reference, function


def test_every_option_of_the_worker_is_in_operating_or_configuration() -> None:
    pages = ("docs/operating.md", "docs/configuration.md")
    text = "".join((ROOT / page).read_text() for page in pages)
    worker = main.get_command(click.Context(main), "worker")
    names = {param.opts[0] for param in worker.params} - {"--dsn", "--worker-id", "--help"}
    missing = [name for name in sorted(names) if f"`{name}`" not in text]
    assert missing == []


def test_every_option_of_a_task_and_of_the_backend_is_in_django() -> None:
    text = (ROOT / "docs/django.md").read_text()
    missing = [name for name in [*READERS, *specs.OPTION_READERS] if f"`{name}`" not in text]
    assert missing == []
