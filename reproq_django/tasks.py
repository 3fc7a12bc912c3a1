"""Two tasks for trying out an installation."""

import time

from .decorator import task


@task
def debug_noop_task(sleep_seconds: float = 0) -> str:
    """Sleep, then return "ok"."""
    if sleep_seconds:
        time.sleep(sleep_seconds)
    return "ok"


@task
def debug_error_task(message: str = "Simulated task failure") -> None:
    """Raise RuntimeError with this message."""
    raise RuntimeError(message)
