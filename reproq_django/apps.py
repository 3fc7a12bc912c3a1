"""The Django app: `manage.py migrate` installs the SQL before the migrations."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.signals import request_started
from django.db import connections, router, transaction
from django.db.models.signals import post_migrate, pre_migrate

from reproq_django import memory_log


class ReproqConfig(AppConfig):
    name = "reproq_django"
    verbose_name = "Reproq"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .checks import check_schema
        from .settings_checks import check_deployment, check_settings

        checks.register(check_schema, checks.Tags.database)
        checks.register(check_settings)
        checks.register(check_deployment, checks.Tags.security, deploy=True)
        pre_migrate.connect(_install, sender=self, dispatch_uid="reproq_django.install")
        request_started.connect(memory_log.on_request, dispatch_uid="reproq_django.memory_log")
        post_migrate.connect(_sync_recurring, sender=self, dispatch_uid="reproq_django.recurring")


def _install(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Install or upgrade the SQL where the router lets this app be migrated."""
    from reproq_worker.install import install

    if not _belongs(sender, using):
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        install(cursor)


def _sync_recurring(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Write the schedules in the code to the database of the queues."""
    from .databases import queue_aliases
    from .recurring import sync_recurring_tasks

    wanted = getattr(settings, "REPROQ_RECURRING_AUTOSYNC", True)
    if wanted and using in queue_aliases() and _belongs(sender, using):
        sync_recurring_tasks(using)


def _belongs(sender: AppConfig, using: str) -> bool:
    """Whether this database is one for the app: PostgreSQL, and the router lets it be migrated."""
    return connections[using].vendor == "postgresql" and router.allow_migrate_model(
        using, sender.get_model("TaskRun")
    )
