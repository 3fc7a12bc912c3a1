"""A database router for projects whose queues are in other databases than the rest."""

from typing import Any

from .databases import default_alias, queue_aliases

_APP = "reproq_django"


class ReproqRouter:
    """Keeps the tables of the queue in the databases that hold queues, and there alone."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """The database of the row at hand, else the default one of the queues."""
        if model._meta.app_label != _APP:
            return None
        instance = hints.get("instance")
        return (instance is not None and instance._state.db) or default_alias()

    db_for_write = db_for_read

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool | None:
        """Rows of the queue refer to each other only within one database."""
        if _APP not in (first._meta.app_label, second._meta.app_label):
            return None
        return first._state.db == second._state.db

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """The tables belong into each database that holds queues, and into no other."""
        return db in queue_aliases() if app_label == _APP else None
