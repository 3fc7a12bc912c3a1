"""`manage.py reproq doctor`: all that `reproq doctor` looks at, and Django's part of it."""

import os
import shutil
from collections.abc import Iterable, Iterator
from typing import Any

import click
from django.conf import settings
from django.core.checks import ERROR as CHECK_ERROR
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor
from django.tasks import task_backends
from django.utils.module_loading import import_string

from reproq_django.backend import ReproqBackend
from reproq_django.databases import default_alias, queue_aliases
from reproq_django.executor.allowlist import NAME, is_allowed
from reproq_django.recurring import get_recurring_tasks
from reproq_django.registered import registered_tasks
from reproq_django.settings_checks import check_deployment, check_settings
from reproq_worker.cli.database import dsn_option
from reproq_worker.cli.doctor import diagnose, strict_option
from reproq_worker.cli.findings import ERROR, OK, WARNING, Findings, first_column
from reproq_worker.cli.output import json_option

_BACKEND = "reproq_django.backend.ReproqBackend"
_SERVED = """
select distinct q.name
from reproq_workers as w
cross join jsonb_array_elements_text(w.queues) as q (name)
where w.last_seen_at > clock_timestamp() - interval '2 minutes'
"""
_STORED = "select p.name from periodic_tasks as p where p.enabled"
_PATHS = "select distinct p.task_path from periodic_tasks as p where p.enabled order by 1"
_ROUTER = "reproq_django.db_router.ReproqRouter"


@click.command()
@dsn_option
@strict_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, dsn: str | None, strict: bool, as_json: bool) -> None:
    """Look for whatever could keep the queue from working, and say what to do about it.

    Settings, backends, databases, migrations, the allow-list, schedules, the worker and the
    queue. Exit code 0: all is well; 1: something is wrong; 2: the configuration cannot be read;
    3: the database is out of reach.

    \b
    Examples:
      manage.py reproq doctor
      manage.py reproq doctor --strict --database queues
    """
    diagnose(ctx, dsn, strict, as_json, look)


def look(found: Findings, cursor: Any) -> None:
    """All of Django's part; without a cursor what needs no query."""
    backends = _look_at_backends(found)
    can_be_asked = _look_at_databases(found) and cursor is not None
    _look_at_settings(found)
    _look_at_tasks(found)
    if can_be_asked:
        _look_at_migrations(found)
        _look_at_queues(found, cursor, backends)
        _look_at_schedules(found, cursor)


def _look_at_backends(found: Findings) -> list[ReproqBackend]:
    ours = []
    for alias in settings.TASKS:
        try:
            backend = task_backends[alias]
        except ImproperlyConfigured as error:
            found.add(ERROR, str(error), "Correct BACKEND in TASKS.")
            continue
        if isinstance(backend, ReproqBackend):
            ours.append(backend)
        _show(found, backend.check())
    if ours:
        found.add(OK, f"backends of TASKS: {', '.join(backend.alias for backend in ours)}")
    else:
        advice = f'Set TASKS = {{"default": {{"BACKEND": "{_BACKEND}", "QUEUES": []}}}}.'
        found.add(ERROR, "no backend of TASKS is Reproq's: nothing is enqueued here", advice)
    return ours


def _show(found: Findings, messages: Iterable[CheckMessage]) -> None:
    """What `manage.py check` says, too."""
    for message in messages:
        level = ERROR if message.level >= CHECK_ERROR else WARNING
        found.add(level, str(message.msg), str(message.hint or ""))


def _look_at_databases(found: Findings) -> bool:
    try:
        aliases = queue_aliases()
    except ValueError as error:
        found.add(ERROR, str(error), "Correct that setting.")
        return False
    known = [alias for alias in aliases if alias in connections]
    if len(known) > 1 and _ROUTER not in map(_dotted, settings.DATABASE_ROUTERS):
        advice = f'Add "{_ROUTER}" to DATABASE_ROUTERS.'
        found.add(WARNING, "queues lie in several databases and no router knows it", advice)
    from reproq_django.models import TaskRun

    forbidden = [alias for alias in known if not router.allow_migrate_model(alias, TaskRun)]
    advice = "`manage.py migrate` brings no tables there: change that router."
    found.names(ERROR, forbidden, "a router keeps the tables out of these databases", advice)
    for alias in known:
        _look_at_connection(found, alias)
    return True


def _look_at_connection(found: Findings, alias: str) -> None:
    if connections[alias].settings_dict.get("ATOMIC_REQUESTS"):
        text = f"ATOMIC_REQUESTS is on for {alias!r}: a task is enqueued when its request has ended"
        found.add(OK, text)


def _look_at_settings(found: Findings) -> None:
    if settings.DEBUG:
        found.add(WARNING, "DEBUG is on", "Off in production: it shows settings to strangers.")
    if not settings.USE_TZ:
        advice = "Set USE_TZ = True."
        found.add(WARNING, "USE_TZ is off: run_after must be aware of its time zone", advice)
    program = os.environ.get("REPROQ_WORKER_BIN") or getattr(settings, "REPROQ_WORKER_BIN", None)
    if program and shutil.which(program) is None:
        advice = "Correct it, or unset it: the worker is a Python package."
        found.add(ERROR, f"REPROQ_WORKER_BIN {program} cannot be started", advice)
    _show(found, [*check_settings(), *check_deployment()])


def _look_at_tasks(found: Findings) -> None:
    try:
        tasks = registered_tasks()
    except Exception as error:
        # The user's code, imported: anything may come of it, and a worker would meet it as well.
        found.add(ERROR, f"the tasks cannot be imported: {error!r}", "Correct that module.")
        return
    if not tasks:
        advice = "Put them into a module `tasks` of an installed app."
        found.add(WARNING, "no app has a task", advice)
    refused = [task.module_path for task in tasks if not is_allowed(task.module_path)]
    found.names(ERROR, refused, "tasks that no worker may run", f"Add their modules to {NAME}.")


def _look_at_migrations(found: Findings) -> None:
    for alias in _reachable_aliases():
        executor = MigrationExecutor(connections[alias])
        targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "reproq_django"]
        if executor.migration_plan(targets):
            advice = f"Run `manage.py migrate --database {alias}`."
            found.add(WARNING, f"Django's migrations have not been applied to {alias!r}", advice)


def _reachable_aliases() -> Iterator[str]:
    for alias in queue_aliases():
        if alias in connections and connections[alias].vendor == "postgresql":
            try:
                connections[alias].ensure_connection()
            except DatabaseError:
                continue
            yield alias


def _look_at_queues(found: Findings, cursor: Any, backends: list[ReproqBackend]) -> None:
    served = set(first_column(cursor, _SERVED))
    if not served:
        return  # That no worker is alive has been told.
    names = {name for backend in backends for name in backend.queues}
    names |= {task.queue_name for task in registered_tasks()}
    advice = "Start one with --queues, or take them out of the settings."
    here = {name for name in names if _is_here(name)}
    found.names(WARNING, sorted(here - served), "no worker serves these queues of yours", advice)


def _is_here(queue: str) -> bool:
    """Whether a queue lies in the default database: workers of others are not to be seen."""
    from reproq_django.databases import resolve_queue_db

    return resolve_queue_db(queue) == default_alias()


def _look_at_schedules(found: Findings, cursor: Any) -> None:
    wanted = {asked.key for asked in get_recurring_tasks() if asked.enabled}
    advice = "Run `manage.py reproq sync-recurring`; `migrate` does it, too."
    missing = sorted(wanted - set(first_column(cursor, _STORED)))
    found.names(WARNING, missing, "schedules of the code are not in the database", advice)
    gone = [path for path in first_column(cursor, _PATHS) if not _can_be_imported(path)]
    advice = "Disable them: `manage.py reproq sync-recurring --clear-missing`, or the admin."
    found.names(WARNING, gone, "schedules enqueue tasks that are not there", advice)


def _can_be_imported(path: str) -> bool:
    try:
        import_string(path)
    except (ImportError, ValueError):
        return False
    return True


def _dotted(value: object) -> str:
    return value if isinstance(value, str) else f"{type(value).__module__}.{type(value).__name__}"
