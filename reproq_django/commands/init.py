"""`manage.py reproq init`: from `pip install` to a queue that works."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from django.core.management import call_command
from django.db import connections, transaction
from django.tasks import task_backends

from reproq_django.backend import ReproqBackend
from reproq_django.databases import queue_aliases
from reproq_worker.cli.faults import USAGE, Fault
from reproq_worker.cli.package import of_downloads, verify
from reproq_worker.install import install
from reproq_worker.package_files import starting_config

_TASKS = """\
TASKS = {"default": {"BACKEND": "reproq_django.backend.ReproqBackend", "QUEUES": []}}"""


@click.command()
@click.option("--config", metavar="FILE", help="What to write.  [default: reproq.yaml]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["yaml", "toml"]),
    help="In which format.  [default: as FILE ends; toml where PyYAML is not installed]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--skip-install", is_flag=True, help="Do not verify the worker.")
@click.option("--skip-migrate", is_flag=True, help="Do not run `manage.py migrate`.")
@click.option("--skip-worker-migrate", is_flag=True, help="Do not install the schema by itself.")
@of_downloads
@click.option("--database", help="The alias of a database.  [default: all with queues]")
def init(
    config: str | None,
    kind: str | None,
    force: bool,
    skip_install: bool,
    skip_migrate: bool,
    skip_worker_migrate: bool,
    database: str | None,
    **downloads: Any,
) -> None:
    """Write a configuration file, verify the worker, bring the schema, and say what is left.

    Whatever is done already is left as it is: it may be called again.

    \b
    Examples:
      manage.py reproq init
      manage.py reproq init --format toml --skip-migrate
    """
    if database is not None and database not in connections:
        raise Fault(f"there is no database {database!r} in the settings", USAGE)
    _write_config(_path(config, kind), force)
    if not skip_install:
        verify(downloads)
    aliases = [database] if database else queue_aliases()
    for alias in aliases:
        if not skip_migrate:
            call_command(
                "migrate", database=alias, interactive=False, verbosity=0, stdout=sys.stdout
            )
            click.echo(f"Migrated ({alias}).")
        if not skip_worker_migrate:
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                steps = install(cursor)
            state = f"installed ({len(steps)} steps)" if steps else "present"
            click.echo(f"Schema: {state} ({alias}).")
    _say_what_is_left()


def _path(config: str | None, kind: str | None) -> Path:
    if config is not None:
        path = Path(config)
        if path.suffix not in (".yaml", ".yml", ".toml"):
            raise Fault(f"{path} must end in .yaml, .yml or .toml", USAGE)
        if kind is not None and (kind == "toml") != (path.suffix == ".toml"):
            raise Fault(f"{path} does not end as --format {kind} does", USAGE)
        return path
    if kind is None:
        # A file that no worker could read would be no start.
        kind = "yaml" if find_spec("yaml") else "toml"
    return Path(f"reproq.{kind}")


def _write_config(path: Path, force: bool) -> None:
    if path.exists() and not force:
        click.echo(f"Config already exists at {path}; --force replaces it.")
        return
    path.write_text(starting_config(path.suffix, _queues()), encoding="utf-8")
    click.echo(f"Wrote {path}.")


def _queues() -> list[str]:
    """The queues that the settings name, for a worker that serves all of them."""
    names = {name for backend in task_backends.all() for name in backend.queues}
    return sorted(names) or ["default"]


def _say_what_is_left() -> None:
    if not any(isinstance(backend, ReproqBackend) for backend in task_backends.all()):
        click.echo(f"\nLeft to do, in the settings:\n\n{_TASKS}\n")
    click.echo("Next: manage.py reproq worker, and manage.py reproq doctor if anything is amiss.")
