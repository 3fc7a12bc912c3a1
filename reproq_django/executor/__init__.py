"""What a worker's child process loads by name: `setup()` once, `execute(run)` for each run.

And, from api.py, what runs tasks in any process.
"""

import asyncio
import contextvars
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import django
from django.apps import apps
from django.db import connections
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext

from reproq_worker import tracing

from .api import (
    claim_stale_tasks,
    delete_task,
    delete_tasks,
    fetch_task,
    get_pending_task_count,
    get_queue_stats,
    get_task_by_id,
    get_task_counts,
    get_tasks,
    process_one_task,
    process_tasks,
    purge_completed_tasks,
    reset_task_for_retry,
    run_task_by_id,
)
from .quiet import drop_unseen_records

__all__ = [
    "aexecute",
    "begin_thread",
    "claim_stale_tasks",
    "delete_task",
    "delete_tasks",
    "execute",
    "fetch_task",
    "get_pending_task_count",
    "get_queue_stats",
    "get_task_by_id",
    "get_task_counts",
    "get_tasks",
    "is_async",
    "process_one_task",
    "process_tasks",
    "purge_completed_tasks",
    "reset_task_for_retry",
    "run_task_by_id",
    "setup",
]

logger = logging.getLogger("reproq.executor")


def setup() -> None:
    """Set Django up and import the apps' tasks, so that forked children share them."""
    django.setup()
    for config in apps.get_app_configs():
        if module_has_submodule(config.module, "tasks"):
            _preload(f"{config.name}.tasks")
    drop_unseen_records()
    _warm_up()
    connections.close_all()


def execute(run: Mapping[str, Any]) -> dict[str, Any]:
    """Run a claimed run, a row of reproq_claim, and return its outcome. Never raises.

    The outcome is an object of reproq_finish without result_id and lease_no.
    """
    if not tracing.is_wanted(run):
        return _execute_anywhere(run)
    with tracing.attempt(run) as traced:
        outcome = _execute_anywhere(run)
        traced |= outcome
    return outcome


def _execute_anywhere(run: Mapping[str, Any]) -> dict[str, Any]:
    if _in_event_loop():
        # Neither the ORM nor async_to_sync may be used beside a running loop.
        with ThreadPoolExecutor(1, "reproq-task") as pool:
            return pool.submit(contextvars.copy_context().run, _execute_in_thread, run).result()
    return _execute(run)


def begin_thread() -> None:
    """This thread will do nothing but execute runs: prepare once what each of them needs."""
    from .surroundings import own_this_thread

    own_this_thread()


def is_async(run: Mapping[str, Any]) -> bool:
    """Whether thread mode may run this on its event loop, by aexecute."""
    return _after_setup().is_coroutine(run)


async def aexecute(run: Mapping[str, Any]) -> dict[str, Any]:
    """Run a claimed run whose task is a coroutine, beside others; see execute()."""
    from .coroutines import run_coroutine

    with tracing.attempt(run) as traced:
        outcome = await run_coroutine(run)
        traced |= outcome
    return outcome


def _execute(run: Mapping[str, Any]) -> dict[str, Any]:
    return _after_setup().execute_claimed(run)


@cache
def _after_setup() -> Any:
    """What cannot be imported before Django is set up, looked up once."""
    from .claimed import execute_claimed
    from .coroutines import is_coroutine

    return SimpleNamespace(execute_claimed=execute_claimed, is_coroutine=is_coroutine)


def _execute_in_thread(run: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _execute(run)
    finally:
        connections.close_all()


def _warm_up() -> None:
    """Import, load and resolve here, once, what each fork would else do for its first task."""
    from .ahead import rehearse, resolve_tasks
    from .surroundings import call_in_surroundings

    _after_setup()
    call_in_surroundings(lambda: gettext(""))
    resolve_tasks()
    rehearse(execute)


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _preload(name: str) -> None:
    try:
        import_module(name)
    except (Exception, SystemExit):
        # Its runs will fail with the same error; the others go on.
        logger.warning("Tasks of %s cannot be imported", name, exc_info=True)
