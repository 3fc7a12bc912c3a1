"""Log records of each task that nobody would see, and not making what only they would tell of."""

import logging
from collections.abc import Iterator

from django.conf import settings
from django.tasks.base import TaskResult
from django.tasks.signals import log_task_finished, log_task_started, task_finished, task_started
from django.utils.log import RequireDebugTrue

#: Whether Django's receiver was there and is not any more.
_logs_failures = False


def drop_unseen_records() -> None:
    """Turn Django's two INFO lines a task off where no handler takes them.

    With Django's own settings and DEBUG off both are made and then thrown away, which takes longer
    than all else around a small task. Django's receivers are disconnected, too: then an attempt
    that nobody listens to needs no result to tell of. Failures are logged as before.
    """
    global _logs_failures
    logger = logging.getLogger("django.tasks")
    if logger.level == logging.NOTSET and not any(_takes_info(h) for h in _handlers(logger)):
        logger.setLevel(logging.WARNING)
        task_started.disconnect(log_task_started)
        _logs_failures = task_finished.disconnect(log_task_finished)


def log_failure(sender: type, result: TaskResult) -> None:
    """Say what Django's receiver would say of an attempt that failed, if it was disconnected."""
    if _logs_failures:
        log_task_finished(sender=sender, task_result=result)


def _handlers(logger: logging.Logger | None) -> Iterator[logging.Handler]:
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


def _takes_info(handler: logging.Handler) -> bool:
    only_debug = any(isinstance(f, RequireDebugTrue) for f in handler.filters)
    return handler.level <= logging.INFO and (settings.DEBUG or not only_debug)
