"""`manage.py reproq_check`: the same as `manage.py reproq check`."""

from typing import Any

from django.core.management.base import CommandParser

from .reproq import Command as ReproqCommand


class Command(ReproqCommand):
    """A shell around a shell."""

    help = "Say whether a worker could start: its package, the database, the schema."

    def add_arguments(self, parser: CommandParser) -> None:
        """--database."""
        parser.add_argument("--database", help="the alias of a database in Django's settings")

    def handle(self, *args: Any, database: str | None = None, **options: Any) -> None:
        """Check."""
        flags = ["--database", database] if database else []
        super().handle(command="check", arguments=flags)
