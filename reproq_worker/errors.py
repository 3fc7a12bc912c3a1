"""What can go wrong, by name: SQLSTATEs that the functions raise, and kinds of a run's errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class ConfigError(ValueError):
    """A setting that cannot work; the message names it."""


class ReproqError(Exception):
    """The database refused a call; `sqlstate` says why, `hint` what to do (or is None)."""

    sqlstate: str | None = None

    def __init__(self, message: str = "", *, sqlstate: str | None = None, hint: str | None = None):
        super().__init__(message)
        self.sqlstate = sqlstate or type(self).sqlstate
        self.hint = hint


class LeaseNotCurrent(ReproqError):
    """The lease number is not the run's current one: another worker has it, or it was reclaimed."""

    sqlstate = "RQ001"


class RunNotFound(ReproqError):
    """There is no run with this id."""

    sqlstate = "RQ002"


class WrongState(ReproqError):
    """The run's state does not allow this."""

    sqlstate = "RQ003"


class PayloadTooLarge(ReproqError):
    """Arguments, a result or metadata exceed the limit."""

    sqlstate = "RQ004"


class SchemaMismatch(ReproqError):
    """The database's schema is missing, or older or newer than this package."""

    sqlstate = "RQ005"


class InvalidArgument(ReproqError, ValueError):
    """An argument is missing or out of range; the message names it."""

    sqlstate = "22023"


class StillInUse(ReproqError):
    """Something that is to be dropped is used by objects that reproq did not make."""

    sqlstate = "2BP01"


class TaskFailure(Exception):
    """Base of what is recorded as the exception class of a run that did not fail by itself."""

    kind: str


class TaskTimeout(TaskFailure):
    """The task ran longer than its timeout and was stopped."""

    kind = "timeout"


class WorkerDied(TaskFailure):
    """The process that ran the task ended before the task did."""

    kind = "infra_error"


class LeaseLost(TaskFailure):
    """The worker did not renew its lease; the run was taken from it."""

    kind = "lease_lost"


class TaskCancelled(TaskFailure):
    """The run was cancelled, from outside or by the task itself."""

    kind = "cancelled"


class TaskExpired(TaskFailure):
    """The run did not start before its expiry time."""

    kind = "expired"


class PredecessorFailed(TaskFailure):
    """A run that this one waited for in its workflow did not succeed."""

    kind = "workflow_failed"


class TaskNotAllowed(TaskFailure):
    """The task path is no registered task, or not on the allow-list."""

    kind = "security_violation"


class InvalidSpec(TaskFailure):
    """The run's spec cannot be read as a task call."""

    kind = "invalid_spec"


class ResultTooLarge(TaskFailure):
    """The task's return value exceeds the limit."""

    kind = "result_too_large"


ERROR_KINDS: dict[str, type[TaskFailure]] = {
    failure.kind: failure
    for failure in (
        TaskTimeout,
        WorkerDied,
        LeaseLost,
        TaskCancelled,
        TaskExpired,
        PredecessorFailed,
        TaskNotAllowed,
        InvalidSpec,
        ResultTooLarge,
    )
}
"""The class for each kind in errors_json; `app_error` has none, its class is the task's own."""

_SQLSTATES: dict[str, type[ReproqError]] = {
    "RQ001": LeaseNotCurrent,
    "RQ002": RunNotFound,
    "RQ003": WrongState,
    "RQ004": PayloadTooLarge,
    "RQ005": SchemaMismatch,
    "22023": InvalidArgument,
    "22004": InvalidArgument,
}

_NOT_INSTALLED = (
    "Install the schema with `reproq migrate` or `manage.py migrate`; if it lies in another schema"
    " than public, name that in the connection's search_path."
)


def from_database(error: BaseException) -> ReproqError | None:
    """The exception that a driver's error stands for, or None when it is not one of the protocol's.

    Takes psycopg's error as well as Django's, which has psycopg's as its cause.
    """
    diag: Any = getattr(error, "diag", None) or getattr(error.__cause__, "diag", None)
    sqlstate: str | None = getattr(diag, "sqlstate", None)
    if sqlstate is None:
        return None
    message, hint = diag.message_primary, diag.message_hint
    if sqlstate == "42883" and "reproq_" in message:
        return SchemaMismatch(message, hint=_NOT_INSTALLED)
    if sqlstate == "2BP01":
        return StillInUse(diag.message_detail or message, hint="Drop these first.")
    known = _SQLSTATES.get(sqlstate) or (ReproqError if sqlstate.startswith("RQ") else None)
    return known(message, sqlstate=sqlstate, hint=hint) if known else None


@contextmanager
def translated() -> Iterator[None]:
    """Raises the exceptions of this module in place of the driver's, which become their cause."""
    try:
        yield
    except Exception as error:
        known = from_database(error)
        if known is None:
            raise
        raise known from error
