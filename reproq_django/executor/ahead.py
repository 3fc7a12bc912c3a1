"""What is done for the first task of a process, done ahead: a fork has it from its parent.

A fork gets a copy of each page of memory that it writes to. To look a task up writes to a hundred,
and so does code that runs for the first time.
"""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

from django.tasks.base import Task

from reproq_worker import tracing

from ..tasks import debug_noop_task
from .allowlist import is_allowed
from .attempt import is_watched
from .loading import resolve

#: By then Python has adapted the code, and writes no more to it.
_TIMES = 3


def resolve_tasks() -> None:
    """Look up each task that is loaded and may run, with the options that it has by itself."""
    modules = [module for name, module in list(sys.modules.items()) if is_allowed(f"{name}.")]
    for module in modules:
        for found in list(getattr(module, "__dict__", {}).values()):
            # (isinstance would ask a lazy object for its class, and wake it.)
            if issubclass(type(found), Task):
                # One that cannot be resolved is explained when it is to run.
                with contextlib.suppress(Exception):
                    resolve(found)


def rehearse(execute: Callable[[dict[str, Any]], object]) -> None:
    """Execute a task that does nothing, unless somebody would see it."""
    task = debug_noop_task
    if is_watched(task) or tracing.is_recording():
        return
    run = {
        "result_id": 0,
        "attempt": 1,
        "max_attempts": 1,
        "task_path": task.module_path,
        "queue_name": task.queue_name,
        "priority": task.priority,
        "spec_json": {},
    }
    for _ in range(_TIMES):
        execute(run)
