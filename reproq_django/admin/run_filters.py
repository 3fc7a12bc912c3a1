"""How runs are found among millions: by their tickets, by their ends, or among the newest."""

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, Max, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.tasks import task_backends
from django.utils.translation import gettext_lazy as _

from reproq_worker.call import call

from ..backend import ReproqBackend
from ..databases import parse_result_id, refusable_cursor
from ..models import PeriodicTask, QueueControl, TaskRun, Worker
from .base import MOST_ROWS, database_of

REACH = 100_000
"""Among so many of the newest runs is searched what no index knows."""


def found_by(
    queryset: QuerySet, status: str, queue: str | None = None, lease_lost: bool | None = None
) -> QuerySet:
    """The runs in a status, which the database finds without reading the others."""
    with refusable_cursor(queryset.db) as cursor:
        rows = call(
            cursor,
            "find_runs",
            status=status,
            queue=queue,
            lease_lost=lease_lost,
            max_tasks=MOST_ROWS,
        )
    # An array: with any number of them it is a scan of the primary key.
    ids = [row["result_id"] for row in rows]
    known = RawSQL("task_runs.result_id = any(%s::bigint[])", [ids], output_field=BooleanField())
    # (Some may have gone on meanwhile.)
    return queryset.filter(known, status=status)


class StatusFilter(admin.SimpleListFilter):
    """By status; of each the first 10,000 that reproq_find_runs gives."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return TaskRun.Status.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        if self.value() not in TaskRun.Status.values:
            return None
        return found_by(queryset, self.value(), request.GET.get("queue_name"))


class LeaseFilter(admin.SimpleListFilter):
    """By lease: of a live worker, run out, or none."""

    title = _("lease")
    parameter_name = "lease_status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("stale", _("Stale")), ("active", _("Active")), ("none", _("None"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        if self.value() in ("stale", "active"):
            queue = request.GET.get("queue_name")
            return found_by(queryset, "RUNNING", queue, self.value() == "stale")
        return queryset.exclude(status="RUNNING") if self.value() == "none" else None


class QueueFilter(admin.SimpleListFilter):
    """By queue: those that settings, schedules, workers and operators have named."""

    title = _("queue")
    parameter_name = "queue_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        alias = database_of(request)
        names = {"default"}
        for backend in task_backends.all(initialized_only=False):
            names.update(backend.queues)
        for model in (PeriodicTask, QueueControl):
            names.update(model.objects.using(alias).values_list("queue_name", flat=True)[:1000])
        for queues in Worker.objects.using(alias).values_list("queues", flat=True)[:1000]:
            names.update(queues)
        if self.value():
            names.add(self.value())
        return [(name, name) for name in sorted(names)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        return queryset.filter(queue_name=self.value()) if self.value() else None


class BackendFilter(admin.SimpleListFilter):
    """By the backend in TASKS that enqueued it."""

    title = _("backend")
    parameter_name = "backend_alias"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        backends = task_backends.all(initialized_only=False)
        aliases = [b.alias for b in backends if isinstance(b, ReproqBackend)]
        return [(alias, alias) for alias in aliases] if len(aliases) > 1 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        return queryset.filter(backend_alias=self.value()) if self.value() else None


class ReachFilter(admin.SimpleListFilter):
    """Among the newest runs, unless an index finds them anyway or somebody wants to wait."""

    title = _("search among")
    parameter_name = "reach"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("all", _("All runs (slow)"))]

    def choices(self, changelist: Any) -> Any:
        newest, *rest = super().choices(changelist)
        yield newest | {"display": _("The newest 100,000")}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        by_index = request.GET.get("status") or request.GET.get("lease_status") in (
            "stale",
            "active",
        )
        if self.value() == "all" or by_index or named_by(request.GET.get("q", "")):
            return None
        newest = queryset.model.objects.using(queryset.db).aggregate(m=Max("result_id"))["m"] or 0
        # With both ends it is an index scan even where the table has no statistics.
        return queryset.filter(result_id__range=(newest - REACH + 1, newest))


def named_by(term: str) -> Q | None:
    """What a search for an id asks for: a run, or the runs of a workflow."""
    _alias, result_id = parse_result_id(term.strip())
    if result_id is not None:
        return Q(result_id=result_id)
    try:
        return Q(workflow_id=uuid.UUID(term.strip()))
    except ValueError:
        return None


def search(queryset: QuerySet, term: str) -> QuerySet:
    """By id, workflow_id, spec_hash, lock_key, and parts of task_path and leased_by."""
    words = Q()
    for word in term.split():
        words &= (
            Q(task_path__icontains=word)
            | Q(lock_key=word)
            | Q(leased_by__icontains=word)
            | Q(spec_hash=word)
        )
    return queryset.filter(named_by(term) or words)
