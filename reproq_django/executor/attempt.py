"""One attempt: call the task's function and turn what happens into an outcome."""

import logging
from traceback import format_exception
from types import TracebackType
from typing import Any

from django.tasks.base import Task, TaskError, TaskResultStatus
from django.tasks.signals import task_finished, task_started
from django.utils import timezone

from reproq_worker import outcomes
from reproq_worker.errors import ResultTooLarge, WorkerDied

from .. import serialization, signals
from ..context import ReproqContext
from ..exceptions import Cancel, Retry
from ..results import set_values
from .atomic import call_atomically
from .quiet import log_failure

logger = logging.getLogger("reproq.executor")

_TRACEBACK_CHARS = 60_000
_OUTER_MODULES = {
    __name__,
    f"{__package__}.atomic",
    f"{__package__}.claimed",
    f"{__package__}.coroutines",
    "django.tasks.base",
}


class BadReturnValue(Exception):
    """The function has returned what cannot be stored; calling it again would not help."""


def run_attempt(
    context: ReproqContext,
    *,
    sender: type,
    attempts_left: bool = False,
    propagate: tuple[type[BaseException], ...] = (),
) -> dict[str, Any]:
    """Call the task and return the outcome, as reproq_finish takes it.

    Every exception becomes an outcome, SystemExit too, except those in `propagate`.
    """
    announce(context, sender)
    is_atomic = getattr(context.task_result.task, "atomic", None)
    try:
        value = call_atomically(context, _call) if is_atomic else _call(context)
    except propagate:
        raise
    except BaseException as e:
        # In here, since Django's receiver logs the exception that is being handled.
        return conclude(context, None, e, sender=sender, attempts_left=attempts_left)
    outcome = conclude(context, value, None, sender=sender, attempts_left=attempts_left)
    return outcomes.recorded() if is_atomic and context.has_lease else outcome


def is_watched(task: Task) -> bool:
    """Whether anybody wants to see the context of an attempt, unless it fails."""
    return bool(
        task.takes_context
        or getattr(task, "atomic", None) is True
        or task_started.receivers
        or task_finished.receivers
        or signals.task_started.receivers
        or signals.task_finished.receivers
    )


def announce(context: ReproqContext, sender: type) -> None:
    """Tell whoever listens that an attempt begins."""
    task_started.send_robust(sender, task_result=context.task_result)
    signals.task_started.send_robust(sender, task_context=context)


def conclude(
    context: ReproqContext,
    value: Any,
    error: BaseException | None,
    *,
    sender: type,
    attempts_left: bool,
) -> dict[str, Any]:
    """Return the outcome of an attempt that returned `value`, as JSON values, or raised `error`."""
    if error is None:
        outcome = outcomes.completed(value)
    elif isinstance(error, BadReturnValue):
        error = error.__cause__ or error
        outcome = failure(error, retry=False)
    else:
        outcome = _outcome_of(error, context.task_result.task)
    _finish(context, outcome, sender, attempts_left, error)
    return outcome


def arguments(context: ReproqContext) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the task's function is called with."""
    result = context.task_result
    before = (context,) if result.task.takes_context else ()
    return (*before, *result.args), result.kwargs


def stored(value: Any) -> Any:
    """What a function has returned, as JSON values; BadReturnValue."""
    try:
        return serialization.encode_return_value(value)
    except (TypeError, ValueError) as e:
        raise BadReturnValue from e


def failure(
    error: BaseException, *, retry: bool, kind: str = "app_error", retry_in: float | None = None
) -> dict[str, Any]:
    """Return the outcome of an exception."""
    return outcomes.failed(
        kind,
        _class_path(error),
        _storable(_message(error)),
        retry=retry,
        retry_in=retry_in,
        traceback=_storable(_traceback(error)),
    )


def _call(context: ReproqContext) -> Any:
    args, kwargs = arguments(context)
    return stored(context.task_result.task.call(*args, **kwargs))


def _outcome_of(error: BaseException, task: Task) -> dict[str, Any]:
    if isinstance(error, WorkerDied | ResultTooLarge):  # from the end of an atomic task
        return failure(error, retry=isinstance(error, WorkerDied), kind=error.kind)
    if isinstance(error, Cancel):
        return failure(error, retry=False, kind="cancelled")
    if isinstance(error, Retry):
        # (No time at all is a time, too.)
        after = None if error.after is None else error.after.total_seconds()
        return failure(error, retry=True, retry_in=after)
    discard_on = getattr(task, "discard_on", None) or ()
    retry_on = getattr(task, "retry_on", None) or (BaseException,)
    return failure(error, retry=isinstance(error, retry_on) and not isinstance(error, discard_on))


def _finish(
    context: ReproqContext,
    outcome: dict[str, Any],
    sender: type,
    attempts_left: bool,
    error: BaseException | None,
) -> None:
    """Put the outcome into the result, send the signals, and add the metadata to the outcome."""
    result = context.task_result
    if error is None:
        status = TaskResultStatus.SUCCESSFUL
        set_values(result, _return_value=outcome["return_json"])
    else:
        again = outcome["retry"] and attempts_left
        status = TaskResultStatus.READY if again else TaskResultStatus.FAILED
        entry = outcome["error"]
        result.errors.append(
            TaskError(exception_class_path=entry["exception_class"], traceback=entry["traceback"])
        )
    set_values(result, status=status, finished_at=timezone.now())
    task_finished.send_robust(sender, task_result=result)
    if error is not None:
        log_failure(sender, result)
    signals.task_finished.send_robust(sender, task_context=context, ok=error is None, error=error)
    _add_metadata(context, outcome)


def _add_metadata(context: ReproqContext, outcome: dict[str, Any]) -> None:
    try:
        metadata = context.unsaved_metadata()
    except (TypeError, ValueError):
        # The work is done; what it says about its progress must not undo that.
        logger.exception("Metadata of task run %s not saved", context.result_id)
        return
    if metadata is not None:
        outcome["metadata"] = metadata


def _class_path(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        return f"{_class_path(error)} (without a readable message)"
    if isinstance(error, SystemExit):
        # A task, or the module that it is in.
        return f"sys.exit({text}) was called."
    # Where only the message is shown, an empty one would say nothing.
    return text or type(error).__qualname__


def _traceback(error: BaseException) -> str:
    try:
        text = "".join(format_exception(type(error), error, _own_frames(error)))
    except Exception:
        return f"{_class_path(error)} (without a readable traceback)"
    if len(text) <= _TRACEBACK_CHARS:
        return text
    half = _TRACEBACK_CHARS // 2
    return f"{text[:half]}\n... cut ...\n{text[-half:]}"


def _own_frames(error: BaseException) -> TracebackType | None:
    """Return the traceback from the task's function on, or all of it where that was not reached."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__") in _OUTER_MODULES:
        frames = frames.tb_next
    return frames or error.__traceback__


def _storable(text: str) -> str:
    """Write out what Postgres cannot hold in a text."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
