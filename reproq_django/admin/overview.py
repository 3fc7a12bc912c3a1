"""The queue at one look: how deep, how fast, how well, who works, and what holds runs up."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from reproq_worker.call import call

from ..databases import queue_aliases, refusable_cursor
from ..models import TaskRun, Worker
from . import charts
from .base import database_of
from .display import WORKER_ALIVE_FOR, admin_url, duration, run_link, share, since, status_badge
from .run_filters import found_by

STATES = ("ready", "running", "scheduled", "waiting", "blocked")
RECENT = timedelta(minutes=5)
"""Of how long the table of queues says what finished; the plots say it of an hour and of a day."""
SHOWN_HELD = 5
SHOWN_TASKS = 10
SHOWN_LIMITS = 20
SHOWN_WORKERS = 50


class OverviewPage:
    """The view: the whole page, or with `?part=1` what refreshes in place."""

    def __init__(self, site: admin.AdminSite) -> None:
        self.site = site

    @method_decorator(never_cache)
    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return self.pause_or_resume(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if not request.user.has_perm("reproq_django.view_taskrun"):
            raise PermissionDenied
        database = database_of(request)
        context = {
            **look(self.site, database),
            "may_pause": request.user.has_perm("reproq_django.change_queuecontrol"),
            "opts": TaskRun._meta,
            "url": self.url(database),
        }
        request.current_app = self.site.name
        if "part" in request.GET:
            return render(request, "admin/reproq_django/includes/overview.html", context)
        context |= self.site.each_context(request) | {
            "title": _("Queue overview"),
            # The page wants the width; the breadcrumbs lead back.
            "is_nav_sidebar_enabled": False,
            "databases": [
                {"alias": alias, "url": self.url(alias), "selected": alias == database}
                for alias in queue_aliases()
            ],
            "part_url": self.url(database, part=1),
        }
        return render(request, "admin/reproq_django/overview.html", context)

    def pause_or_resume(self, request: HttpRequest) -> HttpResponse:
        """What the buttons beside a queue do, which need not have a row of its own."""
        if not request.user.has_perm("reproq_django.change_queuecontrol"):
            raise PermissionDenied
        database = database_of(request)
        with refusable_cursor(database) as cursor:
            if "pause" in request.POST:
                why = _("by %(user)s in the admin") % {"user": request.user.get_username()}
                call(cursor, "pause_queue", queue=request.POST["pause"], reason=why)
            elif "resume" in request.POST:
                call(cursor, "resume_queue", queue=request.POST["resume"])
        return HttpResponseRedirect(self.url(database))

    def url(self, database: str, **query: Any) -> str:
        return admin_url(self.site, "overview", database=database, **query)


def look(site: admin.AdminSite, database: str) -> dict[str, Any]:
    """Everything that the page shows: a handful of calls, none of which reads what has finished
    further back than it shows."""
    now = timezone.now()
    with refusable_cursor(database) as cursor:
        queues = call(cursor, "stats", finished_within=RECENT)
        hour = call(cursor, "throughput", within=timedelta(hours=1), step=timedelta(minutes=1))
        day = call(cursor, "throughput", within=timedelta(days=1), step=timedelta(minutes=15))
        tasks = call(cursor, "task_times", within=timedelta(hours=1))
        limits = _limits(cursor)
    workers = _workers(site, database, now)
    return {
        "now": now,
        "database": database,
        "several": len(queue_aliases()) > 1,
        "tiles": _tiles(site, database, queues, day, workers, now),
        "plots": [
            charts.throughput(_("Throughput, last hour"), hour),
            charts.failure_rate(_("Failure rate, last hour"), hour),
            charts.throughput(_("Throughput, last day"), day),
            charts.failure_rate(_("Failure rate, last day"), day),
        ],
        "queues": _queues(site, database, queues, now),
        "states": [{"name": s, "badge": status_badge(s.upper())} for s in STATES],
        "workers": workers[:SHOWN_WORKERS],
        "workers_left_out": max(0, len(workers) - SHOWN_WORKERS),
        "tasks": [_task(site, database, task) for task in tasks[:SHOWN_TASKS]],
        "limits": limits,
        "recent": duration(RECENT),
    }


def _list_url(site: admin.AdminSite, database: str, **query: Any) -> str:
    return admin_url(site, "taskrun_changelist", database=database, **query)


def _tiles(
    site: admin.AdminSite,
    database: str,
    queues: list[dict[str, Any]],
    day: list[dict[str, Any]],
    workers: list[dict[str, Any]],
    now: Any,
) -> list[dict[str, Any]]:
    """The figures on top."""
    tiles: list[dict[str, Any]] = [
        {
            "label": TaskRun.Status[state.upper()].label,
            "figure": f"{sum(queue[state] for queue in queues):,}",
            "url": _list_url(site, database, status=state.upper()),
            "kind": state,
        }
        for state in STATES
    ]
    failed = sum(row["failed"] for row in day)
    finished = sum(row["finished"] for row in day)
    tiles.append(
        {
            "label": _("Failed in a day"),
            "figure": f"{failed:,}",
            "note": share(failed, finished) if finished else "",
            "url": _list_url(site, database, status="FAILED"),
            "kind": "failed" if failed else "quiet",
        }
    )
    oldest = [queue for queue in queues if queue["oldest_ready_at"]]
    if oldest:
        queue = min(oldest, key=lambda queue: queue["oldest_ready_at"])
        tiles.append(
            {
                "label": _("Oldest waiting"),
                "figure": since(queue["oldest_ready_at"], now),
                "note": queue["queue_name"],
                "url": _list_url(
                    site, database, status="READY", queue_name=queue["queue_name"], o="7"
                ),
                "kind": "ready",
            }
        )
    alive = sum(worker["alive"] for worker in workers)
    tiles.append(
        {
            "label": _("Live workers"),
            "figure": f"{alive:,}",
            "url": admin_url(site, "worker_changelist", database=database),
            "kind": "quiet" if alive else "failed",
        }
    )
    return tiles


def _queues(
    site: admin.AdminSite, database: str, queues: list[dict[str, Any]], now: Any
) -> list[dict[str, Any]]:
    longest = max((sum(queue[s] for s in STATES) for queue in queues), default=0)
    rows = []
    for queue in queues:
        name = queue["queue_name"]
        ended = queue["successful"] + queue["failed"]
        rows.append(
            {
                "name": name,
                "url": _list_url(site, database, queue_name=name),
                "paused": queue["paused"],
                "cells": [
                    {
                        "count": queue[state],
                        "url": _list_url(site, database, status=state.upper(), queue_name=name),
                    }
                    for state in STATES
                ],
                "bar": charts.depth_bar([(s, queue[s]) for s in STATES], longest),
                "oldest": since(queue["oldest_ready_at"], now),
                "ended": ended,
                "failed": queue["failed"],
                "failure_rate": share(queue["failed"], ended) if ended else "–",
                "wait": duration(queue["slow_wait"]),
                "run": duration(queue["slow_run"]),
                "workers": queue["workers"],
                "lost": queue["leases_lost"],
                "unserved": not queue["workers"] and (queue["ready"] or queue["scheduled"]),
            }
        )
    return rows


def _workers(site: admin.AdminSite, database: str, now: Any) -> list[dict[str, Any]]:
    """Those alive, and those that still hold runs; the busiest first."""
    fields = ("result_id", "leased_by", "task_path", "last_attempted_at")
    running = found_by(TaskRun.objects.using(database), "RUNNING")
    held: dict[str, list[dict[str, Any]]] = {}
    for run in running.order_by("last_attempted_at").values(*fields):
        held.setdefault(run["leased_by"], []).append(run)
    rows = []
    for worker in Worker.objects.using(database).order_by("worker_id"):
        runs = held.pop(worker.worker_id, [])
        alive = worker.last_seen_at > now - WORKER_ALIVE_FOR
        if alive or runs:
            rows.append(
                {
                    "worker_id": worker.worker_id,
                    "hostname": worker.hostname,
                    "queues": ", ".join(map(str, worker.queues)),
                    "alive": alive,
                    "seen": since(worker.last_seen_at, now),
                    "places": worker.concurrency,
                    **_held(site, database, runs, now),
                }
            )
    for worker_id, runs in held.items():
        # A worker that never registered, or whose row is gone.
        rows.append({"worker_id": worker_id, "alive": False, **_held(site, database, runs, now)})
    return sorted(rows, key=lambda row: (-row["count"], row["worker_id"]))


def _held(
    site: admin.AdminSite, database: str, runs: list[dict[str, Any]], now: Any
) -> dict[str, Any]:
    return {
        "count": len(runs),
        "more": max(0, len(runs) - SHOWN_HELD),
        "runs": [
            {
                "link": run_link(site, run["result_id"], database),
                "task": (run["task_path"] or "").rpartition(".")[2],
                "since": since(run["last_attempted_at"], now),
            }
            for run in runs[:SHOWN_HELD]
        ],
    }


def _task(site: admin.AdminSite, database: str, task: dict[str, Any]) -> dict[str, Any]:
    module, _dot, name = task["task_path"].rpartition(".")
    return {
        "name": name,
        "module": module,
        "runs": task["runs"],
        "failure_rate": share(task["failed"], task["runs"]),
        "failed": task["failed"],
        "avg": duration(task["avg_run"]),
        "slow": duration(task["slow_run"]),
        "longest": duration(task["longest_run"]),
        "link": run_link(site, task["longest_id"], database),
    }


def _limits(cursor: CursorWrapper) -> list[dict[str, Any]]:
    """The gates that are in use; locks that nobody waits for say nothing."""
    rows = []
    for gate in call(cursor, "limits", max_gates=200):
        kind, _colon, key = gate["gate"].partition(":")
        if kind == "lock" and not gate["parked"]:
            continue
        words = {"lock": _("lock"), "key": _("concurrency"), "rate": _("rate")}
        row = {"kind": words[kind], "key": key, "parked": gate["parked"]}
        if gate["tokens"] is not None:
            row |= {
                "use": gate["burst_size"] - gate["tokens"],
                "most": gate["burst_size"],
                "words": _("%(tokens)s of %(burst)s tokens left, %(rate)s a second")
                % {
                    "tokens": f"{gate['tokens']:.1f}",
                    "burst": gate["burst_size"],
                    "rate": f"{gate['tokens_per_second']:g}",
                },
            }
        else:
            row |= {
                "use": gate["taken"],
                "most": gate["places"] or 1,
                "words": f"{gate['taken']}/{gate['places'] or '–'}",
            }
        rows.append(row)
    return rows[:SHOWN_LIMITS]
