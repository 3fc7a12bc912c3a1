"""What the backends of Django's tasks have in common."""

import os
import sys
from collections.abc import Sequence
from typing import ClassVar

from benchmarks.peers.base import Adapter


class DjangoAdapter(Adapter):
    """A backend of Django's tasks, from its app and its class."""

    app: ClassVar[str]
    backend: ClassVar[str]

    def __init__(self, service: str) -> None:
        super().__init__(service)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "benchmarks.peers.django_settings",
            "BENCH_DJANGO_APP": self.app,
            "BENCH_DJANGO_BACKEND": self.backend,
            "BENCH_SERVICE": service,
        }
        import django

        django.setup()
        from benchmarks.peers.django_app.tasks import noop

        self.task = noop

    def setup(self) -> None:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.task.enqueue(number)

    def command(self, *words: str) -> list[str]:
        """A command of `django-admin`."""
        return [sys.executable, "-P", "-m", "django", *words]

    def environment(self) -> dict[str, str]:
        names = ("DJANGO_SETTINGS_MODULE", "BENCH_DJANGO_APP", "BENCH_DJANGO_BACKEND")
        return {name: os.environ[name] for name in names}
