"""From a claimed run to what is to be called: the task, its arguments, its context."""

import os
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.signals import setting_changed
from django.dispatch import receiver
from django.tasks import task_backends
from django.tasks.base import Task, TaskResultStatus
from django.utils.module_loading import import_string

from reproq_worker import outcomes

from .. import databases, results, serialization
from ..context import ReproqContext
from ..exceptions import DeserializationError
from ..task_class import changed
from .allowlist import NAME, allowed_modules, is_allowed


class Refused(Exception):
    """The run is not to be started; `outcome` is what is to be recorded."""

    def __init__(self, kind: str, exception_class: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcomes.failed(kind, exception_class, message, retry=False)


class Call(NamedTuple):
    """What a claimed run asks for."""

    task: Task  # As it was enqueued.
    args: list[Any]
    kwargs: dict[str, Any]
    db_alias: str


def load_call(run: Mapping[str, Any]) -> Call:
    """The call of a claimed run.

    Raises Refused where it must not or cannot be started, and whatever importing the task raises.
    """
    task, db_alias = _enqueued(
        run["task_path"],
        os.environ.get(NAME),
        run.get("backend_alias"),
        run["queue_name"],
        run["priority"],
    )
    args, kwargs = _arguments(run["spec_json"])
    return Call(task, args, kwargs, run.get("db_alias") or db_alias)


def load(run: Mapping[str, Any], call: Call | None = None) -> ReproqContext:
    """The context of a claimed run, with its decoded arguments in the result.

    Where `call` was not loaded before, raises what load_call() does.
    """
    call = call or load_call(run)
    result = results.fresh(
        changed(call.task, run_after=_time(run.get("run_after"))),
        run["result_id"],
        call.args,
        call.kwargs,
        db_alias=call.db_alias,
        backend=call.task.backend,
        status=TaskResultStatus.RUNNING,
        enqueued_at=_time(run.get("enqueued_at")),
        started_at=_time(run.get("started_at")),
        last_attempted_at=_time(run.get("last_attempted_at")),
        worker_ids=list(run.get("worker_ids") or []),
        errors=[results.task_error(entry) for entry in run.get("errors_json") or []],
    )
    results.set_values(result, _attempts=run["attempt"])
    return ReproqContext(
        task_result=result,
        db_alias=call.db_alias,
        lease_no=run["lease_no"],
        metadata=run.get("metadata_json") or {},
    )


def resolve(task: Task) -> None:
    """Look a task up ahead, as it is without `using()`; raises what load_call() does.

    Django's enqueue names a backend, SQL's none.
    """
    for backend in (task.backend, None):
        _enqueued(task.module_path, os.environ.get(NAME), backend, task.queue_name, task.priority)


def load_task(path: str) -> Task:
    """Import the task that is registered at a path inside the allow-list."""
    return _registered(path, os.environ.get(NAME))


def sender_of(task: Task) -> type:
    """The class of the task's backend, which is the sender of its signals."""
    return _backend_class(task.backend)


@lru_cache(maxsize=64)
def _backend_class(alias: str) -> type:
    return type(task_backends[alias])


@lru_cache(maxsize=1024)
def _enqueued(
    path: str,
    allowed_by_environment: str | None,
    backend_alias: str | None,
    queue_name: str,
    priority: int,
) -> tuple[Task, str]:
    """The task with the options that it was enqueued with, and the database of its runs."""
    task = _registered(path, allowed_by_environment)
    alias = backend_alias or task.backend
    backend = alias if alias in task_backends else task.backend
    called = changed(task, backend=backend, queue_name=queue_name, priority=priority)
    return called, _database(alias, queue_name)


@lru_cache(maxsize=1024)
def _registered(path: str, allowed_by_environment: str | None) -> Task:
    if not is_allowed(path):
        raise _not_allowed(
            f"{path} is not in the allowed modules ({', '.join(allowed_modules())}). "
            f"Add its module to {NAME}, or its app to INSTALLED_APPS."
        )
    found = import_string(path)
    if not isinstance(found, Task):
        raise _not_allowed(f"{path} is not a task. Decorate the function with @task.")
    if found.module_path != path:
        raise _not_allowed(f"{path} is another name of {found.module_path}. Enqueue that one.")
    return found


@receiver(setting_changed)
def _forget_registered(**kwargs: Any) -> None:
    """In tests another setting may allow other tasks, or send them elsewhere."""
    for cached in (_registered, _enqueued, _backend_class):
        cached.cache_clear()


def _not_allowed(message: str) -> Refused:
    return Refused("security_violation", "reproq_worker.errors.TaskNotAllowed", message)


def _arguments(spec: Any) -> tuple[list[Any], dict[str, Any]]:
    args, kwargs = (
        (spec.get("args", []), spec.get("kwargs", {})) if isinstance(spec, dict) else (None, None)
    )
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        message = "spec_json must be an object with an array args and an object kwargs."
        raise Refused("invalid_spec", "reproq_worker.errors.InvalidSpec", message)
    try:
        return serialization.decode(args, kwargs)
    except DeserializationError as e:
        message = f"Failed to deserialize arguments: {e}"
        raise Refused("app_error", "builtins.RuntimeError", message) from e


def _database(backend_alias: str, queue_name: str) -> str:
    if backend_alias in task_backends:
        backend = task_backends[backend_alias]
        if hasattr(backend, "database_for"):
            return backend.database_for(queue_name)
    return databases.default_alias()


def _time(value: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
