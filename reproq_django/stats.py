"""What the stats page says, gathered from each database."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils.connection import ConnectionDoesNotExist

from reproq_worker.errors import ReproqError

from . import counts, databases, web_settings
from .models import PeriodicTask, QueueControl, TaskRun, Worker

#: A worker that was seen within this time is alive.
_ALIVE = timedelta(minutes=2)
_MOST_ROWS = 1000
_LATEST_FAILURES = 5000
_TOP = 5
_PG_CRON = "select exists (select from pg_extension e where e.extname = 'pg_cron')"


class Unavailable(Exception):
    """No database could be asked."""


def gather() -> dict[str, Any]:
    """All of it, over the databases of REPROQ_STATS_DATABASES."""
    found = [_of_database(alias) for alias in stats_aliases()]
    good = [each for each in found if "error" not in each["shown"]]
    if not good:
        raise Unavailable
    failing: Counter[str] = Counter()
    for each in good:
        failing.update(each["failing"])
    alive = sum(each["alive"] for each in good)
    workers = _joined(good, "workers")
    return {
        "tasks": counts.added(each["shown"]["tasks"] for each in good),
        "queues": _queues(good),
        "workers": workers,
        "periodic": _joined(good, "periodic"),
        "queue_controls": [row for each in good for row in each["controls"]],
        "worker_health": {"alive": alive, "dead": len(workers) - alive},
        "scheduler": scheduler(any(each["pg_cron"] for each in good), alive),
        "top_failing": [
            {"task_path": path, "count": number} for path, number in failing.most_common(_TOP)
        ],
        "databases": [each["shown"] for each in found],
    }


def stats_aliases() -> list[str]:
    """The databases that are asked: REPROQ_STATS_DATABASES, else those with queues.

    A name or several; "*" stands for every PostgreSQL database of the project.
    """
    named = getattr(settings, "REPROQ_STATS_DATABASES", None) or databases.queue_aliases()
    names = [named] if isinstance(named, str) else list(named)
    if "*" in names:
        every = [a for a in connections if connections[a].vendor == "postgresql"]
        names = [*databases.queue_aliases(), *every]
    return list(dict.fromkeys(str(name) for name in names))


def scheduler(has_pg_cron: bool, workers_alive: int) -> dict[str, Any]:
    """Who keeps time, as far as this process is told."""
    is_low = web_settings.is_low_on_memory()
    configured = not web_settings.is_given("REPROQ_BEAT_CMD") or not web_settings.is_off(
        web_settings.read("REPROQ_BEAT_CMD")
    )
    wanted = web_settings.read("REPROQ_SCHEDULER_MODE", "beat").lower()
    beats = wanted == "beat" and configured and not is_low
    by_cron = not beats and (wanted in ("cron", "pg_cron") or has_pg_cron)
    said: dict[str, Any] = {
        "mode": "beat" if beats else "pg_cron" if by_cron else "disabled",
        "low_memory": is_low,
        "beat_enabled": beats,
        "beat_configured": configured,
        "pg_cron_available": has_pg_cron,
    }
    # (A worker keeps time by itself, whatever is configured.)
    if not beats and not has_pg_cron and not workers_alive:
        said["warning"] = "Periodic schedules are disabled."
    return said


def _of_database(alias: str) -> dict[str, Any]:
    try:
        return _look(alias)
    except (DatabaseError, ReproqError, ConnectionDoesNotExist) as error:
        # The others are shown all the same.
        problem = "not installed" if isinstance(error, ReproqError) else "unavailable"
        if isinstance(error, ConnectionDoesNotExist):
            problem = "not in DATABASES"
        return {"shown": {"alias": alias, "error": problem}}


def _look(alias: str) -> dict[str, Any]:
    queues, window = counts.by_queue(alias)
    workers, alive = _workers(alias)
    with connections[alias].cursor() as cursor:
        cursor.execute(_PG_CRON)
        [has_pg_cron] = cursor.fetchone()
    return {
        "alive": alive,
        "pg_cron": has_pg_cron,
        "failing": _failing(alias),
        "controls": _controls(alias),
        "shown": {
            "alias": alias,
            "tasks": counts.total(queues),
            "queues": queues,
            "workers": workers,
            "periodic": _periodic(alias),
            "finished_within": window and window.total_seconds(),
        },
    }


def _workers(alias: str) -> tuple[list[dict[str, Any]], int]:
    is_alive = ExpressionWrapper(Q(last_seen_at__gt=Now() - _ALIVE), BooleanField())
    rows = Worker.objects.using(alias).annotate(is_alive=is_alive).order_by("-last_seen_at")
    rows = rows[:_MOST_ROWS]
    shown = [
        {
            "worker_id": row.worker_id,
            "hostname": row.hostname,
            "concurrency": row.concurrency,
            "queues": [str(name) for name in row.queues],
            "last_seen_at": _rfc3339(row.last_seen_at),
            "version": row.version,
            "database": alias,
        }
        for row in rows
    ]
    return shown, sum(row.is_alive for row in rows)


def _periodic(alias: str) -> list[dict[str, Any]]:
    return [
        {
            "name": row.name,
            "cron_expr": row.cron_expr,
            "enabled": row.enabled,
            "next_run_at": _rfc3339(row.next_run_at),
            "queue_name": row.queue_name,
            "database": alias,
        }
        for row in PeriodicTask.objects.using(alias).order_by("name")[:_MOST_ROWS]
    ]


def _controls(alias: str) -> list[dict[str, Any]]:
    return [
        {
            "queue_name": row.queue_name,
            "paused": row.paused,
            "paused_at": _rfc3339(row.paused_at),
            "reason": row.reason,
            "updated_at": _rfc3339(row.updated_at),
            "database": alias,
        }
        for row in QueueControl.objects.using(alias).order_by("queue_name")[:_MOST_ROWS]
    ]


def _failing(alias: str) -> Counter[str]:
    """The tasks of the latest failures: all of them would take too long where there are many."""
    # (With a condition on the status, too, the planner would rather read the whole table.)
    failed = TaskRun.objects.using(alias).filter(failed_at__isnull=False)
    rows = failed.order_by("-failed_at", "-result_id").values_list("task_path", "status")
    return Counter(path or "" for path, status in rows[:_LATEST_FAILURES] if status == "FAILED")


def _queues(good: list[dict[str, Any]]) -> dict[str, counts.Counts]:
    names = sorted({name for each in good for name in each["shown"]["queues"]})
    return {
        name: counts.added(each["shown"]["queues"].get(name, {}) for each in good) for name in names
    }


def _joined(good: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [row for each in good for row in each["shown"][name]]


def _rfc3339(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:  # without USE_TZ it is of the connection's zone, which is Django's
        moment = moment.astimezone()
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
