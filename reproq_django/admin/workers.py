"""Workers that have registered, alive or not."""

from datetime import timedelta

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reproq_worker.call import call

from ..databases import refusable_cursor
from ..models import Worker
from . import confirmation
from .base import LookOnly, QueueAdmin
from .display import WORKER_ALIVE_FOR, badge, since

STALE_AFTER = timedelta(minutes=10)


def worker_badge(worker: Worker) -> str:
    """ALIVE or DEAD."""
    if worker.last_seen_at > timezone.now() - WORKER_ALIVE_FOR:
        return badge("successful", _("ALIVE"))
    return badge("failed", _("DEAD"))


@admin.register(Worker)
class WorkerAdmin(LookOnly, QueueAdmin):
    """Workers register by themselves."""

    list_display = ["worker_id", "state", "host", "queues_shown", "places", "seen", "up", "version"]
    search_fields = ["worker_id", "hostname"]
    ordering = ["-last_seen_at"]
    actions = ["delete_stale_workers"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reproq_django.delete_worker")

    @admin.display(description=gettext_lazy("state"))
    def state(self, worker: Worker) -> str:
        return worker_badge(worker)

    @admin.display(description=gettext_lazy("host"), ordering="hostname")
    def host(self, worker: Worker) -> str:
        return worker.hostname

    @admin.display(description=gettext_lazy("queues"))
    def queues_shown(self, worker: Worker) -> str:
        return ", ".join(map(str, worker.queues))

    @admin.display(description=gettext_lazy("concurrency"), ordering="concurrency")
    def places(self, worker: Worker) -> int:
        return worker.concurrency

    @admin.display(description=gettext_lazy("last seen"), ordering="last_seen_at")
    def seen(self, worker: Worker) -> str:
        return _("%(time)s ago") % {"time": since(worker.last_seen_at)}

    @admin.display(description=gettext_lazy("up for"), ordering="started_at")
    def up(self, worker: Worker) -> str:
        return since(worker.started_at, worker.last_seen_at)

    @admin.action(
        permissions=["operate"],
        description=gettext_lazy("Delete selected workers that were not seen for 10 minutes"),
    )
    def delete_stale_workers(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Take them out of the registry; leases that they hold run out by themselves."""
        stale = list(queryset.filter(last_seen_at__lt=timezone.now() - STALE_AFTER))
        left = queryset.count() - len(stale)
        if stale and not confirmation.is_given(request):
            question = ngettext(
                "Delete this worker from the list?",
                "Delete these %(count)d workers from the list?",
                len(stale),
            )
            return confirmation.page(
                self,
                request,
                stale,
                lambda worker: format_html("{} {}", worker_badge(worker), worker.worker_id),
                action="delete_stale_workers",
                question=question % {"count": len(stale)},
                note=_("One that lives registers again."),
            )
        with refusable_cursor(queryset.db) as cursor:
            for worker in sorted(stale, key=lambda worker: worker.worker_id):
                call(cursor, "retire_worker", worker_id=worker.worker_id)
        text = ngettext("%(count)d worker deleted.", "%(count)d workers deleted.", len(stale))
        self.message_user(request, text % {"count": len(stale)})
        if left:
            text = ngettext("%(count)d is not stale.", "%(count)d are not stale.", left)
            self.message_user(request, text % {"count": left}, messages.WARNING)
        return None
