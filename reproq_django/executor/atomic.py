"""`@task(atomic=True)`: the task's writes and its completion commit together, or not at all."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from reproq_worker.errors import WorkerDied

from ..context import ReproqContext

logger = logging.getLogger("reproq.executor")


def call_atomically(context: ReproqContext, call: Callable[[ReproqContext], Any]) -> Any:
    """Call within a transaction on the queue's database that also completes the run.

    Returns what the call returned, once that is committed. Whatever is raised otherwise, the
    writes are undone, or the fence refuses the failure: see docs/isolation.md.
    """
    attempt = _Attempt(context)
    try:
        with transaction.atomic(using=context.db_alias, durable=context.has_lease):
            transaction.on_commit(attempt.note_commit, using=context.db_alias)
            attempt.value = call(context)
            if transaction.get_rollback(using=context.db_alias):
                raise transaction.TransactionManagementError(
                    "The task has rolled back the transaction that was to complete it."
                )
            attempt.is_ending = True
            if context.has_lease:
                context.complete(attempt.value)
    except BaseException as error:
        attempt.explain(error)
        if not attempt.is_committed:
            context.forget_saved()
            raise
    return attempt.value


class _Attempt:
    """How far the transaction of an attempt has come."""

    def __init__(self, context: ReproqContext) -> None:
        self._context = context
        self.value: Any = None
        #: The function has returned: what fails now is the completion or the commit.
        self.is_ending = False
        self.is_committed = False

    def note_commit(self) -> None:
        """Django calls this first of all hooks, since it was the first."""
        self.is_committed = True

    def explain(self, error: BaseException) -> None:
        """Find out what an exception means; raises a better one where the commit was cut."""
        if self.is_committed:
            # One of the task's own hooks. What was done is done.
            logger.error("A hook of %s failed after the commit", self._name, exc_info=error)
        elif self.is_ending and isinstance(error, OperationalError | InterfaceError):
            if not self._was_committed():
                raise WorkerDied(f"The transaction could not be committed: {error}") from error
            self.is_committed = True
            logger.warning("%s was committed although its connection was lost", self._name)

    @property
    def _name(self) -> str:
        return f"task run {self._context.result_id}"

    def _was_committed(self) -> bool:
        # The server may still be at it; then the fence decides when this failure is recorded.
        try:
            return self._context.has_lease and self._context.is_completed()
        except DatabaseError:
            return False
