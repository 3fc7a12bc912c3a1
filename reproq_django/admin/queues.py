"""Settings of queues: pauses and aging. A queue without a row has the defaults."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reproq_worker.call import call

from ..databases import refusable_cursor
from ..models import QueueControl
from .base import CheckedForm, QueueAdmin
from .display import badge, duration


class QueueControlForm(CheckedForm):
    class Meta:
        labels = {
            "queue_name": gettext_lazy("Queue"),
            "paused": gettext_lazy("Paused"),
            "reason": gettext_lazy("Reason"),
            "aging": gettext_lazy("Aging"),
        }
        help_texts = {
            "paused": gettext_lazy("No run of the queue is started; what runs goes on."),
            "aging": gettext_lazy(
                "Waiting time worth one point of priority. Empty is 60 s, 0 is strict priority."
            ),
        }


@admin.register(QueueControl)
class QueueControlAdmin(QueueAdmin):
    """Plain rows: what is written here holds from the commit on."""

    form = QueueControlForm
    fields = ["queue_name", "paused", "reason", "aging"]
    list_display = ["queue_name", "state", "paused_since", "why", "aging_shown"]
    search_fields = ["queue_name", "reason"]
    ordering = ["queue_name"]
    actions = ["pause_queues", "resume_queues"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["queue_name"] if obj else []

    @admin.display(description=gettext_lazy("state"), ordering="paused")
    def state(self, control: QueueControl) -> str:
        if control.paused:
            return badge("waiting", _("paused"))
        return badge("successful", _("open"))

    @admin.display(description=gettext_lazy("paused at"))
    def paused_since(self, control: QueueControl) -> Any:
        return control.paused_at or "–"

    @admin.display(description=gettext_lazy("reason"))
    def why(self, control: QueueControl) -> str:
        return control.reason or "–"

    @admin.display(description=gettext_lazy("aging"))
    def aging_shown(self, control: QueueControl) -> str:
        return duration(60 if control.aging is None else control.aging)

    @admin.action(permissions=["change"], description=gettext_lazy("Pause selected queues"))
    def pause_queues(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Start no more runs of them."""
        count = _for_each(queryset, "pause_queue")
        text = ngettext("%(count)d queue paused.", "%(count)d queues paused.", count)
        self.message_user(request, text % {"count": count})

    @admin.action(permissions=["change"], description=gettext_lazy("Resume selected queues"))
    def resume_queues(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Start runs of them again."""
        count = _for_each(queryset, "resume_queue")
        text = ngettext("%(count)d queue resumed.", "%(count)d queues resumed.", count)
        self.message_user(request, text % {"count": count})


def _for_each(queryset: QuerySet, function: str) -> int:
    names = list(queryset.order_by("queue_name").values_list("queue_name", flat=True))
    with refusable_cursor(queryset.db) as cursor:
        for name in names:
            call(cursor, function, queue=name)
    return len(names)
