"""System checks that ask the database: `manage.py check --database default`.

What needs no query is checked by the backends themselves.
"""

import sys
from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError, connections, transaction

from .databases import queue_aliases

_MIGRATE = "Run manage.py migrate --database {alias}."


def check_schema(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Whether each of these databases that holds queues has the tables and functions of now."""
    try:
        aliases = set(queue_aliases())
    except ValueError:
        # The backend's own check tells about the setting.
        return []
    return [
        message
        for alias in databases or ()
        if alias in aliases and connections[alias].vendor == "postgresql"
        for message in _check(alias)
        if not (message.level < checks.ERROR and _is_migrating())
    ]


def _is_migrating() -> bool:
    """`manage.py migrate` asks first, and then does what would be advised."""
    return sys.argv[1:2] == ["migrate"]


def _check(alias: str) -> list[checks.CheckMessage]:
    from reproq_worker import install
    from reproq_worker.errors import ReproqError

    hint = _MIGRATE.format(alias=alias)
    try:
        # To plan for an empty database takes a transaction; nothing is changed in it.
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            steps = install.plan(cursor)
            exists = install.is_installed(cursor)
    except ReproqError as error:
        return [checks.Error(f"The database {alias!r}: {error}", hint=error.hint, id="reproq.E010")]
    except DatabaseError as error:
        return [checks.Error(f"The database {alias!r}: {error}", id="reproq.E010")]
    if not exists:
        # No error: `migrate` asks this, too, and must not be kept from what would mend it.
        text = f"The database {alias!r} has no queue."
        return [checks.Warning(text, hint=hint, id="reproq.W011")]
    if not steps:
        return []
    text = f"The queue in the database {alias!r} is not of this version ({len(steps)} steps)."
    return [checks.Warning(text, hint=hint, id="reproq.W012")]
