"""`reproq config`: what a worker or a beat would run with, and where each value comes from."""

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import click
import psycopg
from click.core import ParameterSource
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reproq_worker.cli.beat import beat
from reproq_worker.cli.configuration import ConfigFile, config_of, config_option
from reproq_worker.cli.worker import worker, worker_config
from reproq_worker.config import WorkerConfig
from reproq_worker.monitor.config import MonitorConfig

_COMMANDS = {"worker": worker, "beat": beat}
_PRECEDENCE = "Precedence: defaults < config file < environment < command line."
_REDACTED = "<redacted>"


@click.command(context_settings={"ignore_unknown_options": True})
@config_option
@click.option(
    "--mode",
    type=click.Choice(["worker", "beat", "all"]),
    default="all",
    show_default=True,
    help="Whose settings.",
)
@click.option("--explain", is_flag=True, help="Say where each value comes from.")
@click.option("--print", "only_print", is_flag=True, help="Print the JSON alone, for a program.")
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def config(
    ctx: click.Context, mode: str, explain: bool, only_print: bool, flags: tuple[str, ...]
) -> None:
    """Show the settings that a worker or a beat would run with.

    Flags of `reproq worker` (of `reproq beat` with --mode beat) may follow, to see what they
    change. Passwords and tokens are not shown. A mistake in the file ends with 2 and names it.

    \b
    Examples:
      reproq config
      reproq config --explain --concurrency 50
      reproq config --config /etc/reproq.toml --mode worker --print | jq .worker.queues
    """
    chosen = [name for name in _COMMANDS if mode in (name, "all")]
    shown: dict[str, Any] = {}
    lines: list[str] = []
    for name in chosen:
        given = list(flags) if name == chosen[0] else []
        inner = _COMMANDS[name].make_context(name, given, parent=ctx.parent)
        values = _effective(inner, name)
        shown |= values
        lines += _origins(inner, name, values)
    if not only_print:
        click.echo(f"Config file: {config_of(ctx).path or 'none'}")
        click.echo(_PRECEDENCE)
    click.echo(json.dumps(shown, indent=2))
    if explain:
        click.echo("\n".join(["", *lines]), err=only_print)


def _effective(ctx: click.Context, name: str) -> dict[str, Any]:
    """The values by section, checked as the command itself would check them."""
    if name == "beat":
        return {"beat": {key: _masked(key, value) for key, value in ctx.params.items()}}
    options = dict(ctx.params)
    # What a worker would run with can be looked at where its database is not known.
    made = worker_config(options | {"dsn": options["dsn"] or "dbname=unknown"})
    values = {field.name: getattr(made, field.name) for field in fields(WorkerConfig)}
    monitor = values.pop("monitor")
    values["dsn"] = options["dsn"]
    shown = {"worker": {key: _masked(key, value) for key, value in values.items()}}
    names = [field.name for field in fields(MonitorConfig)] if monitor else []
    shown["metrics"] = {key: _masked(key, getattr(monitor, key)) for key in names}
    return shown


def _origins(ctx: click.Context, name: str, values: Mapping[str, Any]) -> list[str]:
    found, lines = config_of(ctx), []
    params = {str(param.name): param for param in ctx.command.params}
    for section, settings in values.items():
        for key, value in settings.items():
            param = f"metrics_{key}" if section == "metrics" else key
            option = params.get(param)
            source = ctx.get_parameter_source(param) if option else None
            if param == "metrics_addr" and source is ParameterSource.DEFAULT:
                source = ctx.get_parameter_source("metrics_port")
                param, option = "metrics_port", params["metrics_port"]
            origin = _origin(source, option, found, name, param)
            lines.append(f"{section}.{key}: {json.dumps(value)} ({origin})")
    return lines


def _origin(
    source: ParameterSource | None,
    option: click.Parameter | None,
    found: ConfigFile,
    command: str,
    param: str,
) -> str:
    match source:
        case ParameterSource.COMMANDLINE:
            return f"flag {max(option.opts, key=len)}" if option else "flag"
        case ParameterSource.ENVIRONMENT:
            return f"environment {_variable(option)}"
        case ParameterSource.DEFAULT_MAP:
            key = found.origin(command, param)
            return f"file {found.path}: {key}" if key else "Django settings"
    return "default"


def _variable(option: click.Parameter | None) -> str:
    names = option.envvar if option else None
    listed = [names] if isinstance(names, str) else list(names or [])
    return next((name for name in listed if os.environ.get(name)), "")


def _masked(key: str, value: Any) -> Any:
    if value is None:
        return None
    if key.endswith("dsn"):
        return without_password(value)
    return _REDACTED if key.endswith(("token", "secret")) else value


def without_password(dsn: str) -> str:
    """A DSN to show: as it is, less whatever opens a door."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return _REDACTED
    return make_conninfo(
        **{key: value for key, value in parts.items() if key not in ("password", "sslpassword")}
    )
