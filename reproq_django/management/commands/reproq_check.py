"""`manage.py reproq_check`: the same as `manage.py reproq check`."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """A shell around a shell."""

    help = "Say whether a worker could start: its package, the database, the schema."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """--database."""
        parser.add_argument("--database", help="the alias of a database in Django's settings")

    def handle(self, *args: Any, database: str | None = None, **options: Any) -> None:
        """Check."""
        alias = ["--database", database] if database else []
        call_command("reproq", "check", *alias, stdout=self.stdout, stderr=self.stderr)
