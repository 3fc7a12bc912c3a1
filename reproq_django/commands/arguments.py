"""What `manage.py reproq` reads before the command does: databases by their alias, ids with one."""

import argparse
import os

from django.conf import settings
from django.core.management.base import CommandError
from django.tasks import task_backends
from django.tasks.exceptions import InvalidTaskBackend

from reproq_django.backend import ReproqBackend
from reproq_django.databases import parse_result_id
from reproq_django.executor.allowlist import NAME
from reproq_worker import config_file


def django_options_first(arguments: list[str]) -> list[str]:
    """Move what every command of Django takes before the rest, which click reads."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for flag in ("--traceback", "--no-color", "--force-color"):
        parser.add_argument(flag, action="append_const", const=flag, dest="flags", default=[])
    parser.add_argument("--settings")
    parser.add_argument("--pythonpath")
    parser.add_argument("-v", "--verbosity")
    try:
        found, rest = parser.parse_known_args(arguments)
    except SystemExit:
        raise CommandError("An option lacks its value.", returncode=2) from None
    given = {name: getattr(found, name) for name in ("settings", "pythonpath", "verbosity")}
    valued = [f"--{name}={value}" for name, value in given.items() if value is not None]
    return [*found.flags, *valued, *rest]


def own_options(command: str, arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split off what only the management command knows."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.set_defaults(reload=False, backend=None)
    parser.add_argument("--database")
    parser.add_argument("--all-databases", action="store_true")
    if command == "worker":
        parser.add_argument("--reload", action="store_true")
    if command == "prune":
        parser.add_argument("--backend", type=_database_of)
    try:
        return parser.parse_known_args(arguments)
    except SystemExit:
        raise CommandError("An option lacks its value.", returncode=2) from None


def _database_of(backend: str) -> str:
    """The database of a backend of TASKS, as users of other backends name it."""
    try:
        found = task_backends[backend]
    except InvalidTaskBackend as error:
        raise CommandError(str(error), returncode=2) from None
    if not isinstance(found, ReproqBackend):
        raise CommandError(f"The backend {backend!r} keeps no runs in a database.", returncode=2)
    return found.database_for(None)


def split_ids(database: str | None, arguments: list[str]) -> tuple[str | None, list[str]]:
    """Read `--id alias:N`, as result ids are written where several databases hold queues."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--id")
    try:
        own, rest = parser.parse_known_args(arguments)
    except SystemExit:
        return database, arguments  # click says what is missing.
    if own.id is None:
        return database, arguments
    alias, number = parse_result_id(own.id, database)
    named = own.id if number is None else str(number)
    return alias if ":" in own.id and number else database, ["--id", named, *rest]


def allows_by_apps(arguments: list[str]) -> bool:
    """Whether nothing but the installed apps says what a worker may run."""
    flags = any(word.split("=")[0] in ("--allowed-task-modules", "--config") for word in arguments)
    named = os.environ.get(NAME) or getattr(settings, NAME, None)
    file = os.environ.get("REPROQ_CONFIG") or config_file.discover()
    return not (flags or named or file)
