"""`reproq systemd`: unit files for this project, from the flags that its worker shall have."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from reproq_worker.cli.faults import USAGE, Fault
from reproq_worker.cli.settings import monitor_options, worker_options
from reproq_worker.cli.worker import worker_config
from reproq_worker.systemd.units import Service

#: Not in a command line, which everybody on the machine can read.
_IN_ENVIRONMENT = {
    "metrics_auth_token": "METRICS_AUTH_TOKEN",
    "metrics_jwt_secret": "METRICS_JWT_SECRET",
    "metrics_allow_cidrs": "METRICS_ALLOW_CIDRS",
    "listen_dsn": "LISTEN_DATABASE_URL",
}
_OWN = {"user", "group", "env_file", "schedule", "schedule_on_calendar", "output_dir"}
_SECRET_MODE, _MODE = 0o600, 0o644


@click.command()
@click.option("--user", default="", help="Whom the services run as.")
@click.option("--group", default="", help="Their group.")
@click.option("--env-file", default="", help="EnvironmentFile: the place for DATABASE_URL.")
@click.option("--schedule", is_flag=True, help="Also a timer that ticks, for hosts without worker.")
@click.option(
    "--schedule-on-calendar", default="*-*-* *:*:00", show_default=True, help="When it ticks."
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=Path(),
    help="Where to write the files.  [default: here]",
)
@worker_options
@monitor_options
@click.pass_context
def systemd(ctx: click.Context, **options: Any) -> None:
    """Write unit files for a worker and a beat of the project in this folder.

    Every flag of `reproq worker` that is given here becomes one of the worker's; tokens and address
    lists go to Environment= lines. The worker is Type=notify with a watchdog that its own loop
    feeds. Have a look, then copy the files to /etc/systemd/system.

    \b
    Example:
      reproq systemd --user shop --group shop --env-file /etc/shop.env \\
          --concurrency 20 --queues mail,default --metrics-port 9090
      sudo cp reproq-*.service /etc/systemd/system && sudo systemctl enable --now reproq-worker-shop
    """
    given = {
        name: value
        for name, value in options.items()
        if name not in _OWN and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    # What a worker would refuse is refused now, not at the next boot.
    asked = {name: given.get(name) for name in options if name not in _OWN}
    config = worker_config(asked | {"dsn": "dbname=unknown"})

    folder = Path.cwd()
    settings = os.environ.get("DJANGO_SETTINGS_MODULE")
    variables = _variables(given)
    service = Service(
        name=folder.name,
        command=_start(ctx),
        folder=folder,
        user=options["user"],
        group=options["group"],
        env_file=_absolute(options["env_file"]),
        environment={"DJANGO_SETTINGS_MODULE": settings} if settings else {},
    )
    try:
        units = {
            "worker-{}.service": service.worker(
                _flags(ctx, given), variables, config.shutdown_timeout
            ),
            "beat-{}.service": service.beat(),
        }
        if options["schedule"]:
            units["schedule-{}.service"] = service.schedule()
            units["schedule-{}.timer"] = service.timer(options["schedule_on_calendar"])
    except ValueError as error:
        raise Fault(str(error), USAGE) from None
    for pattern, text in units.items():
        name = "reproq-" + pattern.format(re.sub(r"[^\w.:-]", "-", folder.name))
        is_secret = variables and pattern.startswith("worker")
        _write(options["output_dir"] / name, text, _SECRET_MODE if is_secret else _MODE)


def _variables(given: dict[str, Any]) -> dict[str, str]:
    return {
        variable: value if isinstance(value, str) else ",".join(value)
        for name, variable in _IN_ENVIRONMENT.items()
        if (value := given.get(name))
    }


def _flags(ctx: click.Context, given: dict[str, Any]) -> list[str]:
    flags: list[str] = []
    for param in ctx.command.params:
        value = given.get(str(param.name))
        if value is None or value is False or param.name in _IN_ENVIRONMENT:
            continue
        flags.append(max(param.opts, key=len))
        if value is not True:
            flags.append(_word(value))
    return flags


def _word(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _start(ctx: click.Context) -> list[str]:
    """The words that start this very command in a service."""
    if (ctx.find_root().info_name or "").startswith("manage.py"):
        return [sys.executable, str(Path(sys.argv[0]).absolute()), "reproq"]
    return [sys.executable, "-m", "reproq_worker"]


def _absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


def _write(path: Path, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    os.fchmod(descriptor, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    click.echo(f"Wrote {path}")
