"""Tasks of stored runs, also where the task itself cannot be imported in this process."""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.tasks.base import Task
from django.utils.module_loading import import_string

from .generic import AnyTask
from .task_class import ReproqTask, changed


def importable(path: str) -> AnyTask:
    """Return the task at a path; where there is none here, one that only knows its path.

    Nothing is imported that a worker would not import: a row must not choose what runs in the
    process that reads it.
    """
    from .executor.allowlist import is_allowed

    found = None
    if path.rpartition(".")[0] in sys.modules or is_allowed(path):
        with suppress(Exception, SystemExit):
            found = import_string(path)
    return found if isinstance(found, Task) else changed(_TEMPLATE, func=_missing_function(path))


def _missing_function(path: str) -> Callable[..., Any]:
    def missing(*args: Any, **kwargs: Any) -> Any:
        raise ImportError(f"No task can be imported from {path!r}.")

    missing.__module__, _, missing.__qualname__ = path.rpartition(".")
    missing.__name__ = missing.__qualname__
    return missing


def _template() -> ReproqTask:
    template = object.__new__(ReproqTask)
    for name, spec in ReproqTask.__dataclass_fields__.items():
        object.__setattr__(template, name, None if name == "func" else spec.default)
    return template


# A task for runs whose own cannot be imported here; made without a backend to validate it.
_TEMPLATE = _template()
