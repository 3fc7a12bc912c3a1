"""The group of commands: finds them by name, and turns expected faults into exit codes."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from reproq_worker import __version__
from reproq_worker.cli.faults import as_fault


class LazyGroup(click.Group):
    """A group whose commands are named as `module:attribute` and imported when they are used."""

    def __init__(self, commands: Mapping[str, str]):
        super().__init__(
            "reproq",
            help="Background tasks on Postgres: install the schema, run workers, look and operate.",
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
            params=[
                click.Option(
                    ["--version"],
                    is_flag=True,
                    expose_value=False,
                    is_eager=True,
                    callback=_print_version,
                    help="Show the version and exit.",
                )
            ],
        )
        self._places = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._places:
            return None
        module, attribute = self._places[cmd_name].split(":")
        return getattr(import_module(module), attribute)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            fault = as_fault(error)
            if fault is None:
                raise
            raise fault from error


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"reproq-worker version {__version__}")
        ctx.exit()


@click.command()
def version() -> None:
    """Show the version."""
    click.echo(f"reproq-worker version {__version__}")
