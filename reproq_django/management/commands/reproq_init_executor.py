"""`manage.py reproq_init_executor`: an executor of one's own to begin with."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

STUB = '''"""Runs one Reproq task in a process of its own.

What every task of this project needs first (variables, a path, a licence) belongs here.
Try it:  python {name} --payload-json '{{"task_path": "reproq_django.tasks.debug_noop_task"}}'
Use it:  reproq worker --isolation spawn --executor-command "python {path}"
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", {settings!r})

from reproq_django.executor.protocol import main  # noqa: E402

if __name__ == "__main__":
    main()
'''


class Command(BaseCommand):
    """Writes the file; one that is there already is kept without --force."""

    help = "Write a program that runs one task, for `reproq worker --isolation spawn`."

    def add_arguments(self, parser: CommandParser) -> None:
        """--path and --force."""
        parser.add_argument("--path", default="executor_stub.py", help="where to write it")
        parser.add_argument("--force", action="store_true", help="replace what is there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the program."""
        path = Path(options["path"])
        if path.exists() and not options["force"]:
            raise CommandError(f"{path} is there already; replace it with --force.")
        settings = os.environ.get("DJANGO_SETTINGS_MODULE", "")
        path.write_text(STUB.format(name=path.name, path=path.absolute(), settings=settings))
        self.stdout.write(f"Wrote {path}.")
