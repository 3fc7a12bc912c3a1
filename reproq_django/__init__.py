"""Reproq for Django: a backend for Django Tasks on Postgres alone."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .decorator import task as task

__all__ = ["task"]


def __getattr__(name: str) -> Any:
    # Lazy, because Django imports this package before the settings are ready.
    if name == "task":
        from .decorator import task

        return task
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
