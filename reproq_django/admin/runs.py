"""Runs: a list that never counts or scans the table, and a page for each run."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from reproq_worker.call import call

from ..databases import refusable_cursor
from ..models import TaskRun
from . import overview, run_page
from .base import DatabaseFilter, LookOnly, QueueAdmin, database_of
from .display import admin_url, badge, duration, since, status_badge
from .run_actions import ACTIONS
from .run_filters import BackendFilter, LeaseFilter, QueueFilter, ReachFilter, StatusFilter, search

COUNTED = ("READY", "RUNNING", "FAILED")
COUNTED_UP_TO = 1000


@admin.register(TaskRun)
class TaskRunAdmin(LookOnly, QueueAdmin):
    """Shows runs; its actions change them through the SQL functions."""

    list_display = [
        "result_id",
        "task",
        "status_badge",
        "lease",
        "queue",
        "priority_shown",
        "enqueued",
        "duration",
        "attempts_shown",
        "lock",
        "concurrency",
        "workflow",
    ]
    list_filter = [
        StatusFilter,
        LeaseFilter,
        QueueFilter,
        BackendFilter,
        ReachFilter,
        DatabaseFilter,
    ]
    search_fields = ["result_id"]
    search_help_text = gettext_lazy(
        "Result id, workflow id, spec hash or lock key; or a part of a task path or a worker."
    )
    ordering = ["-result_id"]
    actions = ACTIONS
    change_list_template = "admin/reproq_django/taskrun/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer(*run_page.LARGE)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        return (search(queryset, search_term) if search_term else queryset), False

    # Who may do what: an action names one of these.

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reproq_django.change_taskrun")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reproq_django.can_replay_taskrun")

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reproq_django.delete_taskrun")

    # Columns.

    @admin.display(description=gettext_lazy("task"))
    def task(self, run: TaskRun) -> str:
        module, _dot, name = (run.task_path or "").rpartition(".")
        return format_html(
            '<span class="reproq-task" title="{}">{}<small>{}</small></span>',
            run.task_path,
            name,
            module,
        )

    @admin.display(description=gettext_lazy("status"))
    def status_badge(self, run: TaskRun) -> str:
        return status_badge(run.status)

    @admin.display(description=gettext_lazy("lease"))
    def lease(self, run: TaskRun) -> str:
        if run.status != TaskRun.Status.RUNNING:
            return "–"
        if run.cancel_requested:
            return badge("waiting", _("stopping"), run.leased_by or "")
        return format_html('<span title="{}">{}</span>', run.leased_by, _("held"))

    @admin.display(description=gettext_lazy("queue"))
    def queue(self, run: TaskRun) -> str:
        return run.queue_name

    @admin.display(description=gettext_lazy("priority"))
    def priority_shown(self, run: TaskRun) -> int:
        return run.priority

    @admin.display(description=gettext_lazy("enqueued at"), ordering="enqueued_at")
    def enqueued(self, run: TaskRun) -> str:
        return format_html(
            '<time class="reproq-ago" datetime="{}" title="{}">{}</time>',
            run.enqueued_at.isoformat(),
            date_format(timezone.localtime(run.enqueued_at), "DATETIME_FORMAT"),
            _("%(time)s ago") % {"time": since(run.enqueued_at)},
        )

    @admin.display(description=gettext_lazy("duration"))
    def duration(self, run: TaskRun) -> str:
        if run.last_attempted_at is None:
            return "–"
        if run.finished_at is None and run.status != TaskRun.Status.RUNNING:
            return "–"
        return duration((run.finished_at or timezone.now()) - run.last_attempted_at)

    @admin.display(description=gettext_lazy("attempts"))
    def attempts_shown(self, run: TaskRun) -> str:
        return f"{run.attempts}/{run.max_attempts}"

    @admin.display(description=gettext_lazy("lock key"))
    def lock(self, run: TaskRun) -> str:
        return run.lock_key or "–"

    @admin.display(description=gettext_lazy("concurrency"))
    def concurrency(self, run: TaskRun) -> str:
        if not run.concurrency_key:
            return "–"
        return f"{run.concurrency_key} (≤ {run.concurrency_limit})"

    @admin.display(description=gettext_lazy("workflow"))
    def workflow(self, run: TaskRun) -> str:
        if run.workflow_id is None:
            return "–"
        page = "workflowrun_change"
        address = admin_url(self.admin_site, page, run.workflow_id, database=run._state.db)
        return format_html('<a href="{}">{}</a>', address, run.workflow_key or _("workflow"))

    # Pages.

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path(
                "overview/",
                view(overview.OverviewPage(self.admin_site)),
                name="reproq_django_overview",
            ),
            path(
                "<path:object_id>/act/",
                view(require_POST(self.act_view)),
                name="reproq_django_taskrun_act",
            ),
            # (Another address of the same page.)
            path("<path:object_id>/detail/", view(self.change_view)),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        counted = {"counted": _counted(database_of(request))} if request.method == "GET" else {}
        return super().changelist_view(request, counted | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one run: no form, and nothing on it that could be one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        database = database_of(request)
        run = run_page.load(database, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            **self.admin_site.each_context(request),
            **run_page.context(run, self.admin_site, database),
            "title": run.task_path,
            "opts": self.opts,
            "media": self.media,
            "has_view_permission": True,
            "buttons": self._buttons(request, run),
            "act_url": admin_url(self.admin_site, "taskrun_act", run.result_id, database=database),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return render(request, "admin/reproq_django/taskrun/change_form.html", context)

    def act_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do to one run what the actions of the list do to those selected."""
        database = database_of(request)
        run = run_page.load(database, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        # (Only the actions that this user may use are among them.)
        name = request.POST.get("action")
        if name not in self.get_actions(request):
            raise PermissionDenied
        function = next(action for action in ACTIONS if action.__name__ == name)
        asked = function(self, request, self.get_queryset(request).filter(pk=run.pk))
        if asked is not None:
            return asked
        if not TaskRun.objects.using(database).filter(pk=run.pk).exists():
            return HttpResponseRedirect(
                admin_url(self.admin_site, "taskrun_changelist", database=database)
            )
        return HttpResponseRedirect(
            admin_url(self.admin_site, "taskrun_change", run.pk, database=database)
        )

    def _buttons(self, request: HttpRequest, run: TaskRun) -> list[dict[str, Any]]:
        """The actions that this user may use and that suit the state of the run."""
        if run.status == TaskRun.Status.FAILED:
            names = ["retry_failed_tasks", "discard_failed_tasks", "replay_tasks"]
        elif run.status in TaskRun.FINISHED:
            names = ["replay_tasks"]
        else:
            names = ["cancel_tasks", "replay_tasks"]
        if run.status in TaskRun.FINISHED:
            names.append("delete_selected_tasks")
        words = {
            "retry_failed_tasks": _("Retry"),
            "discard_failed_tasks": _("Discard"),
            "replay_tasks": _("Replay"),
            "cancel_tasks": _("Cancel this run"),
            "delete_selected_tasks": _("Delete"),
        }
        allowed = self.get_actions(request)
        return [{"action": name, "label": words[name]} for name in names if name in allowed]


def _counted(database: str) -> list[dict[str, Any]]:
    """How many runs are in the states that an operator looks for, counted up to 1,000."""
    rows = []
    with refusable_cursor(database) as cursor:
        for status in COUNTED:
            found = call(cursor, "find_runs", status=status, max_tasks=COUNTED_UP_TO)
            rows.append(
                {
                    "status": status,
                    "badge": status_badge(status),
                    "count": len(found),
                    "more": len(found) == COUNTED_UP_TO,
                }
            )
    return rows
