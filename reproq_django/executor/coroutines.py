"""Tasks that are coroutines, many of them on one event loop: thread mode."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache, partial
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.db import connections
from django.utils import timezone, translation

from ..context import ReproqContext
from . import attempt
from .loading import Refused, load, load_task, sender_of


def is_coroutine(run: Mapping[str, Any]) -> bool:
    """Whether a run's task may share an event loop; one that is atomic needs a thread."""
    try:
        return _may_share_loop(run["task_path"])
    except (Exception, SystemExit):
        return False  # the attempt will explain it


@lru_cache(maxsize=1024)
def _may_share_loop(path: str) -> bool:
    task = load_task(path)
    return iscoroutinefunction(task.func) and not getattr(task, "atomic", None)


async def run_coroutine(run: Mapping[str, Any]) -> dict[str, Any]:
    """Run a claimed run and return its outcome. Raises only when it is cancelled.

    What is not asynchronous (the ORM, receivers of signals) runs in a thread of this run's own, as
    in Django's requests, with connections of its own that are closed at the end.
    """
    async with ThreadSensitiveContext():
        with timezone.override(None), translation.override(settings.LANGUAGE_CODE):
            try:
                return await _run(run)
            except Refused as e:
                return e.outcome
            except asyncio.CancelledError:
                raise
            except BaseException as e:
                return attempt.failure(e, retry=True)
            finally:
                await sync_to_async(connections.close_all)()


async def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    context, sender = await sync_to_async(_begin)(run)
    conclude = partial(
        sync_to_async(attempt.conclude),
        context,
        sender=sender,
        attempts_left=run["attempt"] < run["max_attempts"],
    )
    try:
        args, kwargs = attempt.arguments(context)
        value = attempt.stored(await context.task_result.task.acall(*args, **kwargs))
    except BaseException as e:
        if _is_given_up():
            raise
        return await conclude(None, e)
    return await conclude(value, None)


def _begin(run: Mapping[str, Any]) -> tuple[ReproqContext, type]:
    context = load(run)
    sender = sender_of(context.task_result.task)
    attempt.announce(context, sender)
    return context, sender


def _is_given_up() -> bool:
    """Whether the worker has cancelled this attempt: what becomes of it is recorded already."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
