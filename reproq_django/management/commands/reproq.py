"""`manage.py reproq <command>`: the `reproq` command on the database of Django's settings."""

import argparse
import copy
import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import click
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.db import connections
from django.tasks import DEFAULT_TASK_BACKEND_ALIAS, task_backends
from django.utils.connection import ConnectionDoesNotExist

from reproq_django.commands.arguments import (
    allows_by_apps,
    django_options_first,
    own_options,
    split_ids,
)
from reproq_django.databases import default_alias, queue_aliases
from reproq_django.dsn import dsn_from_settings
from reproq_django.executor.allowlist import NAME, allowed_modules
from reproq_django.reloader import run_with_reload
from reproq_worker.cli import COMMANDS
from reproq_worker.cli.database import Chosen
from reproq_worker.cli.group import LazyGroup


class Commands(LazyGroup):
    """The commands of `reproq`; their help also names the options that only exist here."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        if command is None or not _takes(command, "dsn"):
            return command
        command = copy.copy(command)
        # Only shown: they are split off before click sees the arguments.
        command.params = [*command.params, *_own(cmd_name, command)]
        return command


_DATABASE = click.Option(
    ["--database"], expose_value=False, help="The alias of a database in Django's settings."
)
_ALL = click.Option(
    ["--all-databases"], is_flag=True, expose_value=False, help="On each database with queues."
)
_BACKEND = click.Option(
    ["--backend"], expose_value=False, help="The database of this backend of TASKS."
)
_RELOAD = click.Option(
    ["--reload"], is_flag=True, expose_value=False, help="Start anew whenever code changes."
)
_OWN_COMMANDS = {
    "init": "reproq_django.commands.init:init",
    "doctor": "reproq_django.commands.doctor:doctor",
    "migrate-worker": "reproq_django.commands.schema:migrate_worker",
    "sync-recurring": "reproq_django.commands.recurring:sync_recurring",
    "allowlist": "reproq_django.commands.allowlist:allowlist",
    "stress-test": "reproq_django.commands.stress:stress_test",
}
_REPLACEABLE = {"worker", "beat"}
COMMANDS_OF_MANAGE = Commands(COMMANDS | _OWN_COMMANDS)


class Command(BaseCommand):
    """A shell: the commands themselves are those of `reproq`."""

    help = "Install, run and operate Reproq. Commands: " + ", ".join(COMMANDS | _OWN_COMMANDS)
    requires_system_checks = []

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            arguments = django_options_first(argv[2:])
        except CommandError as error:
            self.stderr.write(f"CommandError: {error}")
            sys.exit(error.returncode)
        super().run_from_argv([*argv[:2], *arguments])

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("command", help="see `manage.py reproq COMMAND --help`")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what it takes")

    def handle(self, *args: Any, command: str, arguments: list[str], **options: Any) -> None:
        own, rest = own_options(command, arguments)
        if own.reload:
            self._reload()
        with redirect_stdout(_Verbatim(self.stdout)), redirect_stderr(_Verbatim(self.stderr)):
            try:
                code = self._run(command, rest, own)
            except click.ClickException as error:
                raise CommandError(error.format_message(), returncode=error.exit_code) from None
            except click.Abort:
                raise CommandError("Aborted.") from None
            except SystemExit as leave:
                code = leave.code
        if code:
            raise CommandError(f"reproq {command} ended with exit code {code}.", returncode=code)

    def _run(self, command: str, arguments: list[str], own: argparse.Namespace) -> int | None:
        database: str | None = own.database or own.backend
        if command in _REPLACEABLE and (program := _program()):
            return _start(program, [command, *arguments], database)
        words, found = _resolve(command, arguments)
        rest = arguments[len(words) - 1 :]
        if found is not None and _takes(found, "result_id"):
            database, rest = split_ids(database, rest)
        defaults: dict[str, Any] = {}
        chosen: Chosen | None = None
        if own.all_databases:
            if not getattr(found, "on_each_database", False) or database is not None:
                problem = f"takes no --all-databases{' beside --database' if database else ''}"
                raise CommandError(f"reproq {' '.join(words)} {problem}.", returncode=2)
            chosen = Chosen({alias: _dsn(alias) for alias in queue_aliases()}, every=True)
        elif found is not None and _takes(found, "dsn"):
            if "--if-supported" in arguments and not _is_postgres(database):
                self.stdout.write(f"{command} needs PostgreSQL; skipping.")
                return None
            # Never through a process's arguments, where everybody on the machine could read it.
            if database is not None:
                rest = ["--dsn", _dsn(database), *rest]
            if database is not None or not os.environ.get("DATABASE_URL"):
                alias = database or default_alias()
                chosen = Chosen({alias: _dsn(alias)})
            defaults = _from_settings(command, database)
            if command == "worker" and allows_by_apps(arguments):
                defaults["allowed_task_modules"] = allowed_modules()
                if not {"--help", "-h", "json"}.intersection(arguments):
                    self.stdout.write(f"Auto-configured {NAME}={','.join(allowed_modules())}")
            for word in reversed(words):
                defaults = {word: defaults}
        elif command == "config":
            defaults = {name: _from_settings(name, None) for name in ("worker", "beat")}
        elif database is not None and found is not None and _takes(found, "database"):
            rest = ["--database", database, *rest]
        elif database is not None:
            raise CommandError(f"reproq {command} takes no --database.", returncode=2)
        return COMMANDS_OF_MANAGE.main(
            [*words, *rest],
            prog_name="manage.py reproq",
            standalone_mode=False,
            default_map=defaults,
            obj=chosen,
        )

    def _reload(self) -> None:
        arguments = [argument for argument in sys.orig_argv[1:] if argument != "--reload"]
        sys.exit(run_with_reload([sys.executable, *arguments], self.stdout.write))


class _Verbatim(io.TextIOBase):
    """Django's output without the line endings that it adds to each write."""

    def __init__(self, output: OutputWrapper) -> None:
        self._output = output

    def write(self, text: str) -> int:
        self._output.write(text, ending="")
        return len(text)

    def flush(self) -> None:
        self._output.flush()

    def isatty(self) -> bool:
        return self._output.isatty()


def _own(name: str, command: click.Command) -> list[click.Option]:
    """The options of a command that only exist here."""
    every = [_ALL] if getattr(command, "on_each_database", False) else []
    further = {"worker": [_RELOAD], "prune": [_BACKEND]}.get(name, [])
    return [_DATABASE, *every, *further]


def _program() -> str | None:
    """What runs in place of this package's own worker and beat, if anything: REPROQ_WORKER_BIN."""
    return os.environ.get("REPROQ_WORKER_BIN") or getattr(settings, "REPROQ_WORKER_BIN", None)


def _start(program: str, arguments: list[str], database: str | None) -> int:
    """Become another program, on the same database."""
    environment = dict(os.environ)
    if database is not None or not environment.get("DATABASE_URL"):
        environment["DATABASE_URL"] = _dsn(database or default_alias())
    try:
        os.execvpe(program, [program, *arguments], environment)
    except OSError as error:
        message = f"REPROQ_WORKER_BIN {program} cannot be started: {error.strerror}"
        raise CommandError(message, returncode=2) from None


def _resolve(command: str, arguments: list[str]) -> tuple[list[str], click.Command | None]:
    """The words that name a command, one or two, and what they name."""
    context = click.Context(COMMANDS_OF_MANAGE)
    found = COMMANDS_OF_MANAGE.get_command(context, command)
    if isinstance(found, click.Group) and arguments and arguments[0] in found.commands:
        return [command, arguments[0]], found.commands[arguments[0]]
    return [command], found


def _takes(command: click.Command, name: str) -> bool:
    return any(param.name == name for param in command.params)


def _from_settings(command: str, database: str | None) -> dict[str, Any]:
    """What Django's settings give the options of a command, below files and environment."""
    given: dict[str, Any] = {}
    if database is None and not os.environ.get("DATABASE_URL"):
        given["dsn"] = _dsn(default_alias())
    if command == "worker":
        if token := getattr(settings, "METRICS_AUTH_TOKEN", None):
            given["metrics_auth_token"] = token
        if lease := _lease_of_settings():
            given["lease_seconds"] = lease
    return given


def _lease_of_settings() -> str | None:
    """How long nothing may be heard of a worker, as settings for another queue have it."""
    own = getattr(task_backends[DEFAULT_TASK_BACKEND_ALIAS], "defaults", {})
    timeout = own.get("REDIS_CLAIM_TIMEOUT")
    return timeout and f"{timeout.total_seconds():g}s"


def _is_postgres(database: str | None) -> bool:
    """Whether the database that a command would use is; what cannot be told is left to it."""
    if database is None and os.environ.get("DATABASE_URL"):
        return True
    alias = database or default_alias()
    return alias not in connections or connections[alias].vendor == "postgresql"


def _dsn(alias: str) -> str:
    try:
        return dsn_from_settings(alias)
    except (ImproperlyConfigured, ConnectionDoesNotExist) as error:
        raise CommandError(str(error), returncode=2) from None
