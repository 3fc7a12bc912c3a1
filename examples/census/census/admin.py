"""The runs in Django's admin, to look at."""

from django.contrib import admin
from django.http import HttpRequest

from reproq_django.models import TaskRun


class TaskRunAdmin(admin.ModelAdmin):
    """Shows runs and changes none: only the SQL functions may do that."""

    list_display = ["result_id", "task_path", "arguments", "queue_name", "status", "attempts"]
    list_filter = ["status", "queue_name", "task_path"]
    ordering = ["-result_id"]
    show_full_result_count = False

    @admin.display
    def arguments(self, run: TaskRun) -> str:
        return ", ".join(map(repr, run.spec_args))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TaskRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TaskRun | None = None) -> bool:
        return False


# As long as reproq_django brings no admin of its own.
if not admin.site.is_registered(TaskRun):
    admin.site.register(TaskRun, TaskRunAdmin)
