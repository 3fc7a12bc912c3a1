"""Django's Task and TaskResult as type checkers see them: with the signature and result of a task.

At run time neither takes type arguments, so here they fall away: `GenericTask[P, R]` is Task.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.tasks.base import Task as GenericTask
    from django.tasks.base import TaskResult as GenericResult
    from typing_extensions import ParamSpec, TypeVar

    # With defaults, so that who does not care may leave them out.
    P = ParamSpec("P", default=...)
    R = TypeVar("R", default=Any)
else:
    from django.tasks.base import Task, TaskResult

    P = R = Any

    class GenericTask:
        def __class_getitem__(cls, arguments: Any) -> type[Task]:
            return Task

    class GenericResult:
        def __class_getitem__(cls, arguments: Any) -> type[TaskResult]:
            return TaskResult


__all__ = [
    "AnyTask",
    "Duration",
    "Exceptions",
    "GenericResult",
    "GenericTask",
    "Key",
    "Options",
    "P",
    "R",
]

type AnyTask = "GenericTask[..., Any]"
type Key = "str | Callable[..., str | None]"
type Duration = timedelta | float | str
type Exceptions = type[BaseException] | tuple[type[BaseException], ...]


class Options(TypedDict, total=False):
    """What `@task` takes beside Django's own arguments; see ReproqTask."""

    lock_key: str | None
    concurrency_key: Key | None
    concurrency_limit: int
    max_attempts: int | None
    timeout: Duration | None
    backoff: Duration | tuple[Duration, Duration] | None
    dedup: bool | None
    expires_in: Duration | None
    retry_on: Exceptions | None
    discard_on: Exceptions | None
    atomic: bool | None
