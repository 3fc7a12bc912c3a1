"""`manage.py reproq_health`: the same as `manage.py reproq health`."""

from typing import Any

from django.core.management.base import CommandParser

from .reproq import Command as ReproqCommand


class Command(ReproqCommand):
    """A shell around a shell."""

    help = "Show the database, its tables, how full the queue is, the latest tasks and the workers."

    def add_arguments(self, parser: CommandParser) -> None:
        """--database, --stale-minutes, --recent-limit."""
        parser.add_argument("--database", help="the alias of a database in Django's settings")
        parser.add_argument("--stale-minutes", default="2", help="unseen for so long is gone")
        parser.add_argument("--recent-limit", default="5", help="so many of the latest tasks")

    def handle(self, *args: Any, database: str | None = None, **options: Any) -> None:
        """Look."""
        flags = ["--database", database] if database else []
        for name in ("stale_minutes", "recent_limit"):
            flags += [f"--{name.replace('_', '-')}", str(options[name])]
        super().handle(command="health", arguments=flags)
