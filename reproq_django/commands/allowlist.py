"""`manage.py reproq allowlist`: the modules that hold this project's tasks."""

import json
import os
import re
from pathlib import Path

import click

from reproq_django.executor.allowlist import NAME
from reproq_django.registered import registered_tasks, task_modules
from reproq_worker import config_file
from reproq_worker.cli.faults import FAILED, USAGE, Fault
from reproq_worker.errors import ConfigError

_LINE = re.compile(r"^([ \t]*)(?:#[ \t]*)?allowed_task_modules[ \t]*[:=].*$", re.MULTILINE)
_SECTION = re.compile(r"^(worker:|\[worker\])[ \t]*(?:#.*)?$", re.MULTILINE)


@click.command()
@click.option(
    "--format",
    "shape",
    type=click.Choice(["env", "plain"]),
    default="env",
    show_default=True,
    help="A line for an environment file, or a module a line.",
)
@click.option("--show-tasks", is_flag=True, help="Name the tasks, too.")
@click.option("--write", is_flag=True, help="Write them into the configuration file.")
@click.option("--config", metavar="FILE", help="Which.  [default: reproq.yaml, .yml, .toml here]")
def allowlist(shape: str, show_tasks: bool, write: bool, config: str | None) -> None:
    """Print the modules of the installed apps that hold tasks, as a worker's allow-list.

    A worker that has none allows every package of the installed apps; this is narrower.

    \b
    Examples:
      manage.py reproq allowlist >> .env
      manage.py reproq allowlist --write
    """
    modules = [f"{name}." for name in task_modules()]
    if shape == "env":
        click.echo(f"{NAME}={','.join(modules)}")
    else:
        for module in modules:
            click.echo(module)
    if show_tasks:
        for task in registered_tasks():
            click.echo(f"# {task.module_path}")
    if write:
        path = Path(config) if config else config_file.discover()
        if path is None or not path.is_file():
            raise Fault("there is no configuration file", FAILED, "manage.py reproq init makes one")
        _write(path, modules)
        click.echo(f"Wrote worker.allowed_task_modules to {path}.", err=True)


def _write(path: Path, modules: list[str]) -> None:
    """Change one line of a file that somebody else has laid out."""
    is_toml = path.suffix == ".toml"
    setting = f"allowed_task_modules{' =' if is_toml else ':'} {json.dumps(modules)}"
    text = path.read_text(encoding="utf-8")
    if _LINE.search(text):
        text = _LINE.sub(lambda found: found[1] + setting, text, count=1)
    elif _SECTION.search(text):
        indent = "" if is_toml else "  "
        text = _SECTION.sub(lambda found: f"{found[0]}\n{indent}{setting}", text, count=1)
    else:
        head = f"[worker]\n{setting}" if is_toml else f"worker:\n  {setting}"
        text = f"{text.rstrip()}\n\n{head}\n".lstrip()
    new = path.with_name(f"{path.stem}.new{path.suffix}")
    new.write_text(text, encoding="utf-8")
    try:
        if config_file.read(new).get("worker.allowed_task_modules") != modules:
            raise ConfigError("laid out in another way than this command knows")
        new.chmod(path.stat().st_mode & 0o777)
        os.replace(new, path)
    except ConfigError as error:
        hint = f"Write it by hand, under worker: {setting}"
        raise Fault(f"{path} was left as it is: {error}", USAGE, hint) from None
    finally:
        new.unlink(missing_ok=True)
