"""Workflows, drawn as graphs."""

import uuid
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reproq_worker.call import call

from ..databases import refusable_cursor
from ..models import WorkflowRun
from .base import BoundedPaginator, LookOnly, QueueAdmin, database_of
from .display import admin_url, run_link, status_badge
from .graph import BOX_HEIGHT, BOX_WIDTH, draw

MOST_RUNS = 2000
LISTED = 100


class FewPaginator(BoundedPaginator):
    """The state of each is counted from its runs."""

    most_rows = 500


@admin.register(WorkflowRun)
class WorkflowRunAdmin(LookOnly, QueueAdmin):
    """How each stands is counted by a view, so the list shows few at a time and sorts by age."""

    list_display = ["workflow_id", "state", "progress", "failures", "callback", "created"]
    search_fields = ["workflow_id"]
    ordering = ["-created_at"]
    sortable_by: list[str] = []
    list_per_page = 25
    paginator = FewPaginator
    actions = ["cancel_workflows", "retry_workflows"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.filter(workflow_id=uuid.UUID(search_term.strip())), False
        except ValueError:
            return queryset.none(), False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reproq_django.change_taskrun")

    @admin.display(description=gettext_lazy("state"))
    def state(self, workflow: WorkflowRun) -> str:
        return status_badge(workflow.status)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, workflow: WorkflowRun) -> str:
        return format_html(
            '<progress class="reproq-progress" max="{}" value="{}"></progress> {}',
            max(workflow.expected_count, 1),
            workflow.success_count,
            f"{workflow.success_count}/{workflow.expected_count}",
        )

    @admin.display(description=gettext_lazy("failures"))
    def failures(self, workflow: WorkflowRun) -> int:
        return workflow.failure_count

    @admin.display(description=gettext_lazy("callback"))
    def callback(self, workflow: WorkflowRun) -> str:
        if workflow.callback_result_id is None:
            return "–"
        return run_link(self.admin_site, workflow.callback_result_id, workflow._state.db)

    @admin.display(description=gettext_lazy("enqueued at"))
    def created(self, workflow: WorkflowRun) -> Any:
        return workflow.created_at

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one workflow: its graph, and its runs."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        database = database_of(request)
        workflow = self.get_object(request, object_id)
        if workflow is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        with refusable_cursor(database) as cursor:
            runs = call(
                cursor, "workflow", workflow_id=workflow.workflow_id, max_tasks=MOST_RUNS + 1
            )
        for run in runs:
            run["url"] = admin_url(
                self.admin_site, "taskrun_change", run["result_id"], database=database
            )
            run["badge"] = status_badge(run["status"])
        drawing = draw(runs) if len(runs) <= MOST_RUNS else None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Workflow"),
            # The graph wants the width; the breadcrumbs lead back.
            "is_nav_sidebar_enabled": False,
            "opts": self.opts,
            "media": self.media,
            "original": workflow,
            "workflow": workflow,
            "state": self.state(workflow),
            "progress": self.progress(workflow),
            "database": database,
            "drawing": drawing,
            "box_width": BOX_WIDTH,
            "box_height": BOX_HEIGHT,
            "runs": runs[:LISTED],
            "runs_left_out": len(runs) > LISTED,
            "runs_url": admin_url(
                self.admin_site, "taskrun_changelist", q=workflow.workflow_id, database=database
            ),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return render(request, "admin/reproq_django/workflowrun/change_form.html", context)

    @admin.action(permissions=["operate"], description=gettext_lazy("Cancel selected workflows"))
    def cancel_workflows(self, request: HttpRequest, queryset: QuerySet) -> None:
        """What waits ends, what runs is asked to stop."""
        count = _for_each(queryset, "cancel_workflow")
        text = ngettext("%(count)d workflow cancelled.", "%(count)d workflows cancelled.", count)
        self.message_user(request, text % {"count": count})

    @admin.action(
        permissions=["operate"],
        description=gettext_lazy("Retry what failed in selected workflows"),
    )
    def retry_workflows(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Every failed or cancelled run gets a new start, and what waits for it waits again."""
        count = _for_each(queryset, "retry_workflow")
        text = ngettext("%(count)d workflow retried.", "%(count)d workflows retried.", count)
        self.message_user(request, text % {"count": count})


def _for_each(queryset: QuerySet, function: str) -> int:
    """How many of them it has changed anything in."""
    ids = list(queryset.values_list("workflow_id", flat=True)[:1000])
    count = 0
    for workflow_id in sorted(ids):
        with refusable_cursor(queryset.db) as cursor:
            count += bool(call(cursor, function, workflow_id=workflow_id))
    return count
