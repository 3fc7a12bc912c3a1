"""The --config option: a file's values become defaults of the options that they are named after.

click does the rest, in one order for every setting: a default, the file, the environment, a flag.
The options are the schema, so a setting is declared once: `worker.X` is the worker's option X,
`metrics.X` its metrics_X, `beat.X` is beat's, and `dsn` is every command's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from reproq_worker import config_file
from reproq_worker.cli.types import WRITTEN_AS
from reproq_worker.errors import ConfigError

_META = "reproq.config"
_NOT_IN_FILES = {"config", "help", "once"}
#: Known to files of other workers, without a meaning here.
WITHOUT_EFFECT = {"worker.max_attempts_default": "every run has its own max_attempts"}


@dataclass(frozen=True)
class ConfigFile:
    """The file that a command has read, if any."""

    path: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def origin(self, command: str, param: str) -> str | None:
        """The key of the file that gives this parameter of a command."""
        return next((k for k in _keys(command, param) if k in self.values), None)


def config_of(ctx: click.Context) -> ConfigFile:
    """The file that the command of this context has read."""
    return ctx.meta.get(_META, ConfigFile())


def _use(ctx: click.Context, option: click.Parameter, given: str | None) -> None:
    if ctx.resilient_parsing:
        return
    # One that looks into another command's settings has read the file for both.
    found = ctx.meta[_META] = ctx.meta.get(_META) or _read(given)
    name = ctx.command.name or ""
    params = [param.name for param in ctx.command.params if param.name]
    origins = {param: found.origin(name, param) for param in params}
    from_file = {param: found.values[key] for param, key in origins.items() if key}
    ctx.default_map = {**(ctx.default_map or {}), **from_file}


def _read(given: str | None) -> ConfigFile:
    path = Path(given) if given else config_file.discover()
    if path is None:
        return ConfigFile()
    values = config_file.read(path)
    for key, value in values.items():
        _check(path, key, value)
    return ConfigFile(path, values)


config_option = click.option(
    "--config",
    metavar="FILE",
    envvar="REPROQ_CONFIG",
    show_envvar=True,
    is_eager=True,
    expose_value=False,
    callback=_use,
    help="A YAML or TOML file with settings.  [default: reproq.yaml, .yml, .toml here, if any]",
)
"""For every command that has settings in a file."""


def _keys(command: str, param: str) -> Iterator[str]:
    """Where a file may set this parameter; the narrower place first."""
    section = "beat" if command in ("beat", "schedule") else "worker"
    if command in ("worker", "beat", "schedule"):
        if param.startswith("metrics_"):
            yield param.replace("_", ".", 1)
        else:
            yield f"{section}.{param}"
    if param == "dsn":
        yield "dsn"


def known_keys() -> dict[str, click.Parameter]:
    """Every key that a file may hold, with the option that it sets."""
    from reproq_worker.cli.beat import beat
    from reproq_worker.cli.worker import worker

    return {
        key: param
        for command in (worker, beat)
        for param in command.params
        if param.name not in _NOT_IN_FILES
        for key in _keys(str(command.name), str(param.name))
    }


def _check(path: Path, key: str, value: Any) -> None:
    if key in WITHOUT_EFFECT:
        click.echo(f"{path}: {key} has no effect: {WITHOUT_EFFECT[key]}", err=True)
        return
    known = known_keys()
    if key not in known:
        near = get_close_matches(key, known, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"{path}: unknown key {key}{hint}")
    option = known[key]
    words, types = WRITTEN_AS.get(option.type.name, ("a text", (str,)))
    items = value if isinstance(value, list) else []
    if (
        not isinstance(value, types)
        or (isinstance(value, bool) and bool not in types)
        or not all(isinstance(item, str) for item in items)
    ):
        raise ConfigError(f"{path}: {key} must be {words}, not a {type(value).__name__}")
    try:
        option.type.convert(value, option, None)
    except click.BadParameter as error:
        raise ConfigError(f"{path}: {key}: {error.message}") from None
