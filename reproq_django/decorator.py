"""`@task`: Django's decorator with the options of ReproqTask, on Django 6.0 too."""

from collections.abc import Callable
from typing import Any, Concatenate, Literal, Unpack, overload

from django.tasks import TaskContext, task_backends
from django.tasks.base import (
    DEFAULT_TASK_BACKEND_ALIAS,
    DEFAULT_TASK_PRIORITY,
    DEFAULT_TASK_QUEUE_NAME,
)

from .generic import Options
from .task_class import READERS, ReproqTask


@overload
def task[**P, R](
    function: Callable[P, R],
    *,
    priority: int = ...,
    queue_name: str = ...,
    backend: str = ...,
    takes_context: Literal[False] = ...,
    **kwargs: Unpack[Options],
) -> "ReproqTask[P, R]": ...
@overload
def task[**P, R](
    function: "Callable[Concatenate[TaskContext[Any, Any], P], R]",
    *,
    priority: int = ...,
    queue_name: str = ...,
    backend: str = ...,
    takes_context: Literal[True],
    **kwargs: Unpack[Options],
) -> "ReproqTask[P, R]": ...
@overload
def task[**P, R](
    *,
    priority: int = ...,
    queue_name: str = ...,
    backend: str = ...,
    takes_context: Literal[False] = ...,
    **kwargs: Unpack[Options],
) -> "Callable[[Callable[P, R]], ReproqTask[P, R]]": ...
@overload
def task[**P, R](
    *,
    priority: int = ...,
    queue_name: str = ...,
    backend: str = ...,
    takes_context: Literal[True],
    **kwargs: Unpack[Options],
) -> "Callable[[Callable[Concatenate[Any, P], R]], ReproqTask[P, R]]": ...
def task(
    function: Callable[..., Any] | None = None,
    *,
    priority: int = DEFAULT_TASK_PRIORITY,
    queue_name: str = DEFAULT_TASK_QUEUE_NAME,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
    takes_context: bool = False,
    **kwargs: Any,
) -> Any:
    """Make a function a task, with Django's arguments and the options of ReproqTask.

    Django's own decorator takes the same options on Django 6.1, this one on 6.0 as well, and
    also with a backend that knows nothing of them.
    """
    if "run_after" in kwargs:
        raise TypeError(
            "run_after cannot be defined statically with the @task decorator. "
            "Use .using(run_after=...) to set it dynamically."
        )
    if unknown := sorted(kwargs.keys() - READERS.keys()):
        raise TypeError(f"task() got an unexpected keyword argument {unknown[0]!r}")

    def wrapper(func: Callable[..., Any]) -> ReproqTask:
        task_class = task_backends[backend].task_class
        if not issubclass(task_class, ReproqTask):
            task_class = ReproqTask
        return task_class(
            func=func,
            priority=priority,
            queue_name=queue_name,
            backend=backend,
            takes_context=takes_context,
            **kwargs,
        )

    return wrapper(function) if function else wrapper
