"""Django's Task with options of its own, and a decorator that takes them on Django 6.0 too."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, overload

from django.tasks.base import (
    DEFAULT_TASK_BACKEND_ALIAS,
    DEFAULT_TASK_PRIORITY,
    DEFAULT_TASK_QUEUE_NAME,
    Task,
)
from django.tasks.exceptions import InvalidTask
from django.utils.inspect import get_func_args
from django.utils.module_loading import import_string

from . import options
from .generic import AnyTask, Duration, Exceptions, GenericTask, Key, P, R

if TYPE_CHECKING:
    from .results import ReproqResult

READERS: dict[str, Callable[[str, Any], Any]] = {
    "lock_key": options.text,
    "concurrency_key": options.key,
    "concurrency_limit": options.limit,
    "max_attempts": options.attempts,
    "timeout": options.timeout,
    "backoff": options.backoff,
    "dedup": options.flag,
    "expires_in": options.duration,
    "retry_on": options.exception_classes,
    "discard_on": options.exception_classes,
    "atomic": options.flag,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproqTask(GenericTask[P, R]):
    """A task with options of its own; None leaves an option to the backend's OPTIONS.

    lock_key: runs with the same key never run at the same time.
    concurrency_key, concurrency_limit: at most that many runs of a key at the same time; the key
        may be a function of the call's arguments; a limit of 0 means none.
    max_attempts: how often a run may be started before it is FAILED.
    timeout: seconds, timedelta or text such as "10m" after which an attempt is ended.
    backoff: the delay before the second attempt, doubled for each further one; or a pair of the
        first and the longest delay.
    dedup: whether an equal enqueue joins a run that is still live.
    expires_in: how long after its enqueue a run may still be started.
    retry_on: retry after these exceptions only. discard_on: never retry after these.
    atomic: run the task and record its completion in one transaction on the queue's database, so
        that its writes there happen exactly once. How a task is written depends on it, so it
        belongs to the task: using() does not take it.
    """

    # Django 6.0 has no defaults for these.
    priority: int = DEFAULT_TASK_PRIORITY
    backend: str = DEFAULT_TASK_BACKEND_ALIAS
    queue_name: str = DEFAULT_TASK_QUEUE_NAME
    run_after: datetime | None = None

    lock_key: str | None = None
    concurrency_key: Key | None = None
    concurrency_limit: int = 0
    max_attempts: int | None = None
    timeout: int | None = None
    backoff: tuple[timedelta, timedelta | None] | None = None
    dedup: bool | None = None
    expires_in: timedelta | None = None
    retry_on: tuple[type[BaseException], ...] | None = None
    discard_on: tuple[type[BaseException], ...] | None = None
    atomic: bool | None = None

    # The delay that run_after was made from: each enqueue counts it anew, on the database's clock.
    _run_in: timedelta | None = None

    def __post_init__(self) -> None:
        check_signature(self.func)
        for name, read in READERS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _valid(read, name, value))
        if isinstance(self.run_after, timedelta):
            object.__setattr__(self, "_run_in", self.run_after)
            object.__setattr__(self, "run_after", _valid(_later, "run_after", self.run_after))
        Task.__post_init__(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # A task is its module path; a function or a lambda in a field could not be pickled.
        origin = _task_at(self.module_path)
        changes = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name != "func" and getattr(self, f.name) != getattr(origin, f.name, None)
        }
        return _reconstruct, (type(self), self.module_path, changes)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    # super() does not work in slots classes before Python 3.14, so this repeats Django's method.
    def using(
        self,
        *,
        priority: int | None = None,
        queue_name: str | None = None,
        run_after: datetime | timedelta | None = None,
        backend: str | None = None,
        lock_key: str | None = None,
        concurrency_key: Key | None = None,
        concurrency_limit: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        backoff: Duration | tuple[Duration, Duration] | None = None,
        dedup: bool | None = None,
        expires_in: Duration | None = None,
        retry_on: Exceptions | None = None,
        discard_on: Exceptions | None = None,
    ) -> Self:
        """Create a new task with modified defaults; None changes nothing."""
        given = {n: v for n, v in locals().items() if n != "self" and v is not None}
        if run_after is not None:
            given["_run_in"] = None
        return replace(self, **given)

    if TYPE_CHECKING:
        # Arguments are checked as those of the function; beside an option, which belongs to
        # enqueue() itself, nothing can be said of them.
        @overload
        def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> ReproqResult[P, R]: ...
        @overload
        def enqueue(
            self, *args: Any, run_after: datetime | timedelta, **kwargs: Any
        ) -> ReproqResult[P, R]: ...
        @overload
        def enqueue(self, *args: Any, priority: int, **kwargs: Any) -> ReproqResult[P, R]: ...
        @overload
        def enqueue(self, *args: Any, lock_key: str, **kwargs: Any) -> ReproqResult[P, R]: ...
        @overload
        def enqueue(
            self, *args: Any, concurrency_key: str, **kwargs: Any
        ) -> ReproqResult[P, R]: ...
        @overload
        def enqueue(
            self, *args: Any, concurrency_limit: int, **kwargs: Any
        ) -> ReproqResult[P, R]: ...
        def enqueue(self, *args: Any, **kwargs: Any) -> ReproqResult[P, R]:
            raise NotImplementedError


def changed(task: AnyTask, **changes: Any) -> AnyTask:
    """The task with other fields and without validation, as a stored run had them."""
    differing = {n: v for n, v in changes.items() if getattr(task, n) != v}
    if not differing:
        return task
    copy = object.__new__(type(task))
    for field in fields(task):
        name = field.name
        value = differing[name] if name in differing else getattr(task, name)
        object.__setattr__(copy, name, value)
    return copy


def check_signature(func: Callable[..., Any]) -> None:
    """Raise InvalidTask where a parameter has a name that enqueue() keeps for itself."""
    for name in get_func_args(func):
        if name in options.RESERVED_NAMES:
            raise InvalidTask(
                f"Task parameter {name!r} is reserved: enqueue() takes {name} as an option. "
                "Give the parameter another name."
            )


def _valid(read: Callable[[str, Any], Any], name: str, value: Any) -> Any:
    try:
        return read(name, value)
    except (TypeError, ValueError) as e:
        raise InvalidTask(str(e)) from e


def _later(name: str, delay: timedelta) -> datetime:
    return options.later(delay)


def _task_at(path: str) -> AnyTask:
    try:
        found = import_string(path)
    except ImportError as e:
        raise ValueError(f"Expected {path!r} to point to a Task instance.") from e
    if not isinstance(found, Task):
        raise ValueError(f"Expected {path!r} to point to a Task instance.")
    return found


def _reconstruct(task_class: type[AnyTask], path: str, changes: dict[str, Any]) -> AnyTask:
    origin = _task_at(path)
    if type(origin) is not task_class:
        given = {f.name: getattr(origin, f.name) for f in fields(origin)}
        known = {f.name for f in fields(task_class)}
        origin = task_class(**{n: v for n, v in given.items() if n in known})
    return changed(origin, **changes)
