"""Schedules: the database checks each and says when it comes."""

from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reproq_worker.call import call_value
from reproq_worker.errors import InvalidArgument, ReproqError

from ..databases import refusable_cursor
from ..models import PeriodicTask
from .base import CheckedForm, DatabaseFilter, QueueAdmin
from .display import badge

SHOWN_SLOTS = 3


def next_slots(database: str, cron_expr: str, time_zone: str, count: int) -> list[datetime]:
    """The next times of an expression; InvalidArgument names what is wrong with it."""
    slots, after = [], timezone.now()
    with refusable_cursor(database) as cursor:
        for _number in range(count):
            after = call_value(
                cursor, "cron_next", cron_expr=cron_expr, after=after, time_zone=time_zone
            )
            slots.append(after)
    return slots


class PeriodicTaskForm(CheckedForm):
    class Meta:
        labels = {
            "name": gettext_lazy("Name"),
            "task_path": gettext_lazy("Task"),
            "cron_expr": gettext_lazy("Cron expression"),
            "time_zone": gettext_lazy("Time zone"),
            "payload_json": gettext_lazy("Arguments"),
            "queue_name": gettext_lazy("Queue"),
            "priority": gettext_lazy("Priority"),
            "max_attempts": gettext_lazy("Attempts"),
            "concurrency_key": gettext_lazy("Concurrency key"),
            "concurrency_limit": gettext_lazy("Concurrency limit"),
            "enabled": gettext_lazy("Enabled"),
        }
        help_texts = {
            "task_path": gettext_lazy("For example shop.tasks.charge."),
            "cron_expr": gettext_lazy(
                "Minute, hour, day of month, month, day of week; or @daily and its kin."
            ),
            "time_zone": gettext_lazy("For example Europe/Paris."),
            "payload_json": gettext_lazy('{"args": [...], "kwargs": {...}}'),
        }

    def clean(self) -> Any:
        cleaned = super().clean()
        times = [self.cleaned_data.get(name) for name in ("cron_expr", "time_zone")]
        if all(times):
            try:
                next_slots(self.database, *times, count=1)
            except InvalidArgument as error:
                field, _colon, why = str(error).partition(": ")
                self.add_error(field if field in self.fields else "cron_expr", why or str(error))
        return cleaned


class BrokenFilter(admin.SimpleListFilter):
    """By whether the last slot could be enqueued."""

    title = gettext_lazy("state")
    parameter_name = "broken"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("1", gettext_lazy("Broken"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        return queryset.filter(last_error__isnull=False) if self.value() == "1" else None


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(QueueAdmin):
    """Plain rows: any worker fires them."""

    form = PeriodicTaskForm
    list_display = ["name", "state", "cron", "zone", "task", "queue", "next_run", "last_run"]
    list_filter = ["enabled", BrokenFilter, DatabaseFilter]
    search_fields = ["name", "task_path"]
    ordering = ["name"]
    actions = ["enable_schedules", "disable_schedules", "enqueue_now"]
    fieldsets = [
        (None, {"fields": ["name", "task_path", "payload_json", "enabled"]}),
        (gettext_lazy("When"), {"fields": ["cron_expr", "time_zone", "slots", "last_run"]}),
        (
            gettext_lazy("How"),
            {
                "fields": [
                    "queue_name",
                    "priority",
                    "max_attempts",
                    "concurrency_key",
                    "concurrency_limit",
                ]
            },
        ),
        (gettext_lazy("Trouble"), {"fields": ["state", "last_error_shown"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        wanted = super().get_fieldsets(request, obj)
        return wanted if obj and obj.last_error else wanted[:-1]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        shown = ["slots", "last_run", "state", "last_error_shown"]
        return ["name", *shown] if obj else shown

    @admin.display(description=gettext_lazy("state"))
    def state(self, schedule: PeriodicTask) -> str:
        if schedule.last_error:
            return badge("failed", _("broken"), schedule.last_error)
        if not schedule.enabled:
            return badge("cancelled", _("disabled"))
        return badge("successful", _("enabled"))

    @admin.display(description=gettext_lazy("cron expression"))
    def cron(self, schedule: PeriodicTask) -> str:
        return schedule.cron_expr

    @admin.display(description=gettext_lazy("time zone"))
    def zone(self, schedule: PeriodicTask) -> str:
        return schedule.time_zone

    @admin.display(description=gettext_lazy("task"), ordering="task_path")
    def task(self, schedule: PeriodicTask) -> str:
        return schedule.task_path

    @admin.display(description=gettext_lazy("queue"), ordering="queue_name")
    def queue(self, schedule: PeriodicTask) -> str:
        return schedule.queue_name

    @admin.display(description=gettext_lazy("next run at"), ordering="next_run_at")
    def next_run(self, schedule: PeriodicTask) -> Any:
        return schedule.next_run_at if schedule.enabled and schedule.next_run_at else "–"

    @admin.display(description=gettext_lazy("last run at"), ordering="last_run_at")
    def last_run(self, schedule: PeriodicTask) -> Any:
        return schedule.last_run_at or "–"

    @admin.display(description=gettext_lazy("last error"))
    def last_error_shown(self, schedule: PeriodicTask) -> str:
        return schedule.last_error or "–"

    @admin.display(description=gettext_lazy("next runs"))
    def slots(self, schedule: PeriodicTask) -> str:
        """What comes next: the stored slot, then what the expression says after it."""
        if schedule._state.adding:
            return _("Shown when it is saved.")
        if not schedule.enabled:
            return "–"
        try:
            coming = next_slots(
                schedule._state.db, schedule.cron_expr, schedule.time_zone, SHOWN_SLOTS
            )
        except ReproqError as error:
            return str(error)
        if schedule.next_run_at:
            coming = [schedule.next_run_at, *(t for t in coming if t > schedule.next_run_at)]
        try:
            zone: tzinfo | None = ZoneInfo(schedule.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            # Postgres may know names that this machine does not.
            zone = timezone.get_current_timezone()
        rows = (
            (f"{t.astimezone(zone):%Y-%m-%d %H:%M %Z}", _("in %(time)s") % {"time": timeuntil(t)})
            for t in coming[:SHOWN_SLOTS]
        )
        return format_html_join("", '<div class="reproq-slot">{} <small>{}</small></div>', rows)

    @admin.action(permissions=["change"], description=gettext_lazy("Enable selected schedules"))
    def enable_schedules(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Slots that passed while they were disabled are over."""
        count = queryset.filter(enabled=False).update(enabled=True)
        text = ngettext("%(count)d schedule enabled.", "%(count)d schedules enabled.", count)
        self.message_user(request, text % {"count": count})

    @admin.action(permissions=["change"], description=gettext_lazy("Disable selected schedules"))
    def disable_schedules(self, request: HttpRequest, queryset: QuerySet) -> None:
        """They keep their rows."""
        count = queryset.filter(enabled=True).update(enabled=False)
        text = ngettext("%(count)d schedule disabled.", "%(count)d schedules disabled.", count)
        self.message_user(request, text % {"count": count})

    @admin.action(permissions=["change"], description=gettext_lazy("Enqueue a run of each now"))
    def enqueue_now(self, request: HttpRequest, queryset: QuerySet) -> None:
        """A slot that is due counts as fired, those to come stay as they are."""
        count, disabled, refused = 0, 0, []
        for name in queryset.order_by("name").values_list("name", flat=True):
            try:
                with refusable_cursor(queryset.db) as cursor:
                    enqueued = call_value(cursor, "enqueue_periodic_task", name=name)
            except ReproqError as error:
                refused.append(f"{name}: {error}")
                continue
            count += enqueued is not None
            disabled += enqueued is None
        text = ngettext("%(count)d run enqueued.", "%(count)d runs enqueued.", count)
        self.message_user(request, text % {"count": count})
        if disabled:
            text = ngettext("%(count)d is disabled.", "%(count)d are disabled.", disabled)
            self.message_user(request, text % {"count": disabled}, messages.WARNING)
        for why in refused[:3]:
            self.message_user(request, why, messages.WARNING)
