"""Schedules in code: `@recurring` above `@task`, written to `periodic_tasks` by a sync."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError, transaction
from django.tasks.base import Task
from django.utils.module_loading import autodiscover_modules

from . import options, serialization
from .databases import queue_aliases, resolve_queue_db


@dataclass(frozen=True, slots=True)
class RecurringTask:
    """What one `@recurring` asks for."""

    key: str
    schedule: str
    task: Any
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    queue_name: str | None = None
    priority: int = 0
    max_attempts: int = 3
    enabled: bool = True
    time_zone: str = "UTC"

    @property
    def task_path(self) -> str:
        """The path by which a worker finds the task."""
        for name in ("module_path", "path", "name"):
            path = getattr(self.task, name, None)
            if isinstance(path, str) and path:
                return path
        return f"{self.task.__module__}.{self.task.__name__}"


_registered: dict[str, RecurringTask] = {}


def recurring[T](
    *,
    schedule: str,
    key: str,
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    queue_name: str | None = None,
    priority: int = 0,
    max_attempts: int = 3,
    enabled: bool = True,
    time_zone: str = "UTC",
) -> Callable[[T], T]:
    """Schedule the task below by a cron expression; returns the task as it is.

    `key` names the row of `periodic_tasks`; one task may have several schedules with different
    keys. The queue is the task's unless one is given. Whether the expression can be read is for
    the database to say, at the sync.
    """
    for name, value in (("schedule", schedule), ("key", key), ("time_zone", time_zone)):
        if options.text(name, value) is None:
            raise ValueError(f"{name} must not be blank.")

    def register(task: T) -> T:
        asked = RecurringTask(
            key=key,
            schedule=schedule,
            task=task,
            args=list(args or ()),
            kwargs=dict(kwargs or {}),
            queue_name=queue_name,
            priority=priority,
            max_attempts=max_attempts,
            enabled=enabled,
            time_zone=time_zone,
        )
        other = _registered.get(key)
        # The same task again is its module imported anew.
        if other is not None and other.task_path != asked.task_path:
            raise ValueError(f"The key {key!r} is that of {other.task_path} already.")
        _registered[key] = asked
        return task

    return register


def get_recurring_tasks() -> list[RecurringTask]:
    """Return what the modules that were imported so far have registered, by key."""
    return [_registered[key] for key in sorted(_registered)]


def sync_recurring_tasks(using: str | None = None, clear_missing: bool = False) -> int:
    """Write the schedules in the code to the databases of their queues; how many there are.

    `using` leaves it at those of one database. Imports the `tasks` module of every installed app.
    Only what differs is written, and never a time: a slot that is due stays due, and none is
    fired. `clear_missing` disables every schedule that is not in the code, whoever made it. Raises
    ValueError naming the key where a database refuses a schedule; then nothing is written to it.
    """
    autodiscover_modules("tasks")
    wanted: dict[str, dict[str, dict[str, Any]]] = {}
    for asked in get_recurring_tasks():
        row = _row(asked)
        wanted.setdefault(_database(asked.task, row["queue_name"]), {})[asked.key] = row
    aliases = [using] if using else {**dict.fromkeys(queue_aliases()), **wanted}
    number = 0
    for alias in aliases:
        rows = wanted.get(alias, {})
        number += len(rows)
        if rows or clear_missing:
            with transaction.atomic(using=alias):
                _write(alias, rows, clear_missing)
    return number


def _database(task: Any, queue_name: str) -> str:
    """Where the queue of a schedule is; a plain function has no backend to say so."""
    backend = task.get_backend() if isinstance(task, Task) else None
    find = getattr(backend, "database_for", resolve_queue_db)
    return find(queue_name)


def _write(alias: str, rows: dict[str, dict[str, Any]], clear_missing: bool) -> None:
    from .models import PeriodicTask

    stored = PeriodicTask.objects.using(alias)
    known: dict[str, dict[str, Any]] = {
        row["name"]: dict(row) for row in stored.filter(name__in=rows).values()
    }
    # By name, so that two syncs never wait for each other in a circle.
    for key, row in rows.items():
        try:
            if key in known:
                changed = {n: v for n, v in row.items() if known[key][n] != v}
                if changed:
                    stored.filter(name=key).update(**changed)
            else:
                # Another process may be just about to make it, with the same columns.
                stored.bulk_create([PeriodicTask(name=key, **row)], ignore_conflicts=True)
        except DataError as error:
            raise ValueError(f"recurring task {key!r}: {str(error).splitlines()[0]}") from error
    if clear_missing:
        gone = stored.filter(enabled=True).exclude(name__in=rows).order_by("name")
        for name in gone.values_list("name", flat=True):
            stored.filter(name=name).update(enabled=False)


def _row(asked: RecurringTask) -> dict[str, Any]:
    """The columns of a schedule that the code decides."""
    try:
        args, kwargs = serialization.encode(asked.args, asked.kwargs)
    except (TypeError, ValueError) as error:
        raise type(error)(f"recurring task {asked.key!r}: {error}") from error
    key = getattr(asked.task, "concurrency_key", None)
    if callable(key):
        key = options.text("The value of concurrency_key", key(*asked.args, **asked.kwargs))
    return {
        "cron_expr": asked.schedule,
        "time_zone": asked.time_zone,
        "task_path": asked.task_path,
        "payload_json": {"args": args, "kwargs": kwargs},
        "queue_name": asked.queue_name or getattr(asked.task, "queue_name", None) or "default",
        "priority": asked.priority,
        "max_attempts": asked.max_attempts,
        "concurrency_key": key or None,
        "concurrency_limit": getattr(asked.task, "concurrency_limit", None) or 0,
        "enabled": asked.enabled,
    }
