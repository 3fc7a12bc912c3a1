"""Which tasks this process may run: those in the packages of INSTALLED_APPS, or in those named."""

import os
from functools import lru_cache

from django.apps import apps
from django.conf import settings

NAME = "ALLOWED_TASK_MODULES"


def is_allowed(path: str) -> bool:
    """Whether the task at this path lies in an allowed module or package."""
    modules = allowed_modules()
    return "*" in modules or path.startswith(tuple(f"{name}." for name in modules))


def allowed_modules() -> tuple[str, ...]:
    """Return the allowed modules and packages: the environment's, the setting's, or the apps'.

    Both are a comma-separated text (the setting may be a list); "*" allows everything.
    """
    named = os.environ.get(NAME) or getattr(settings, NAME, None)
    if not named:
        return tuple(config.name for config in apps.get_app_configs())
    return _read(named if isinstance(named, str) else ",".join(named))


@lru_cache(maxsize=8)
def _read(text: str) -> tuple[str, ...]:
    return tuple(name.strip().rstrip(".") for name in text.split(",") if name.strip(" ."))
