"""Log records of each task that nobody would see."""

import logging
from collections.abc import Iterator

from django.conf import settings
from django.utils.log import RequireDebugTrue


def drop_unseen_records() -> None:
    """Turn Django's two INFO lines a task off where no handler takes them.

    With Django's own settings and DEBUG off both are made and then thrown away, which takes longer
    than all else around a small task.
    """
    logger = logging.getLogger("django.tasks")
    if logger.level == logging.NOTSET and not any(_takes_info(h) for h in _handlers(logger)):
        logger.setLevel(logging.WARNING)


def _handlers(logger: logging.Logger | None) -> Iterator[logging.Handler]:
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


def _takes_info(handler: logging.Handler) -> bool:
    only_debug = any(isinstance(f, RequireDebugTrue) for f in handler.filters)
    return handler.level <= logging.INFO and (settings.DEBUG or not only_debug)
