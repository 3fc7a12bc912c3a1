"""The Django app: `manage.py migrate` installs the SQL before the migrations."""

from typing import Any

from django.apps import AppConfig
from django.db import connections, router, transaction
from django.db.models.signals import pre_migrate


class ReproqConfig(AppConfig):
    name = "reproq_django"
    verbose_name = "Reproq"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        pre_migrate.connect(_install, sender=self, dispatch_uid="reproq_django.install")


def _install(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Install or upgrade the SQL where the router lets this app be migrated."""
    from reproq_worker.install import install

    if connections[using].vendor != "postgresql":
        return
    if not router.allow_migrate_model(using, sender.get_model("TaskRun")):
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        install(cursor)
