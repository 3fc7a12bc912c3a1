"""The queue at one look: how deep, how fast, how well, who works, and what holds runs up."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from reproq_worker.call import call

from ..databases import queue_aliases, refusable_cursor
from ..models import TaskRun
from . import charts, overview_tables
from .base import database_of
from .display import admin_url, duration, status_badge

RECENT = timedelta(minutes=5)
"""Of how long the table of queues says what finished; the plots say it of an hour and of a day."""
SHOWN_TASKS = 10
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
        limits = overview_tables.limit_rows(cursor)
    workers = overview_tables.worker_rows(site, database, now)
    return {
        "now": now,
        "database": database,
        "several": len(queue_aliases()) > 1,
        "tiles": overview_tables.tiles(site, database, queues, day, workers, now),
        "plots": [
            charts.throughput(_("Throughput, last hour"), hour),
            charts.failure_rate(_("Failure rate, last hour"), hour),
            charts.throughput(_("Throughput, last day"), day),
            charts.failure_rate(_("Failure rate, last day"), day),
        ],
        "queues": overview_tables.queue_rows(site, database, queues, now),
        "states": [
            {"name": state, "badge": status_badge(state.upper())}
            for state in overview_tables.STATES
        ],
        "workers": workers[:SHOWN_WORKERS],
        "workers_left_out": max(0, len(workers) - SHOWN_WORKERS),
        "tasks": [overview_tables.task_row(site, database, each) for each in tasks[:SHOWN_TASKS]],
        "limits": limits,
        "recent": duration(RECENT),
    }
