"""System checks of the settings beside TASKS, without a query; the backends check their own."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.tasks import task_backends

from . import web_settings
from .databases import queue_aliases
from .executor.allowlist import NAME, allowed_modules

_SECRET_BYTES = 32
_READ_COMMITTED = 2


def check_settings(**kwargs: Any) -> list[checks.CheckMessage]:
    """What is misspelt or weak in the settings that say where queues are and who may ask."""
    return [*_unknown_queues(), *_short_secrets(), *_strict_isolation()]


def check_deployment(**kwargs: Any) -> list[checks.CheckMessage]:
    """What is fine at home and not in production: `manage.py check --deploy`."""
    if "*" not in allowed_modules():
        return []
    text = f"{NAME} is *: whatever may be imported may be run."
    hint = "`manage.py reproq allowlist` names what it needs."
    return [checks.Warning(text, hint=hint, id="reproq.W008")]


def _unknown_queues() -> Iterator[checks.CheckMessage]:
    """Queues that are routed to a database and that no backend lets anybody enqueue into."""
    routes = getattr(settings, "REPROQ_QUEUE_DATABASES", None)
    known = _known_queues()
    if not isinstance(routes, dict) or known is None:
        return
    for name in routes:
        if isinstance(name, str) and name not in known and not set("*?[") & set(name):
            text = f"REPROQ_QUEUE_DATABASES names the queue {name!r}, which no QUEUES in TASKS has."
            hint = f"Is it misspelt? There are: {', '.join(sorted(known))}."
            yield checks.Warning(text, hint=hint, id="reproq.W006")


def _known_queues() -> set[str] | None:
    """The queues that backends allow; None where one allows every name, or cannot be made."""
    try:
        queues = [backend.queues for backend in task_backends.all(initialized_only=False)]
    except (ImproperlyConfigured, TypeError):
        return None
    return set().union(*queues) if all(queues) else None


def _short_secrets() -> Iterator[checks.CheckMessage]:
    """Secrets that can be guessed: from a JWT without asking anybody."""
    for name in ("METRICS_AUTH_TOKEN", "METRICS_JWT_SECRET", "REPROQ_TASKS_TOKEN"):
        size = len(web_settings.read(name).encode())
        if 0 < size < _SECRET_BYTES:
            text = f"{name} has {size} bytes, which can be guessed: it lets programs in."
            hint = (
                f"At least {_SECRET_BYTES}: python -c 'import secrets; print(secrets.token_hex())'"
            )
            yield checks.Warning(text, hint=hint, id="reproq.W007")


def _strict_isolation() -> Iterator[checks.CheckMessage]:
    """Where enqueue works and everything that frees, wakes or releases is refused."""
    try:
        aliases = [alias for alias in queue_aliases() if alias in connections]
    except ValueError:  # The backends' own check tells about that setting.
        return
    for alias in aliases:
        level = connections[alias].settings_dict.get("OPTIONS", {}).get("isolation_level")
        if level is not None and int(level) > _READ_COMMITTED:
            text = (
                f"The isolation_level of {alias!r} is above READ COMMITTED: there runs can be"
                " enqueued, and not be run, cancelled or retried by Django."
            )
            hint = "Take it out of OPTIONS, or give the queue an alias of its own."
            yield checks.Warning(text, hint=hint, id="reproq.W009")
