"""Limits on how many runs of a key run at the same time."""

from collections.abc import Callable
from dataclasses import fields

from django.tasks.base import Task

from .generic import GenericTask, Key
from .task_class import ReproqTask


def limits_concurrency[**P, R](
    key: Key, to: int = 1
) -> "Callable[[GenericTask[P, R]], ReproqTask[P, R]]":
    """Let at most `to` runs with this key run at once. Goes above @task.

    `key` is a text, or a function that makes one from the arguments of a call.
    """

    def decorator(task: "GenericTask[P, R]") -> "ReproqTask[P, R]":
        if not isinstance(task, Task):
            raise TypeError("limits_concurrency() decorates a task: put it above @task.")
        given = {f.name: getattr(task, f.name) for f in fields(task)}
        task_class = type(task) if isinstance(task, ReproqTask) else ReproqTask
        return task_class(**given | {"concurrency_key": key, "concurrency_limit": to})

    return decorator
