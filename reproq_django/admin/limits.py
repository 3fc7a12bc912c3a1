"""Rate limits, with what each bucket holds now."""

from typing import Any

from django.contrib import admin
from django.db.models import FloatField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import RateLimit
from .base import CheckedForm, QueueAdmin
from .display import badge


class RateLimitForm(CheckedForm):
    class Meta:
        labels = {
            "key": gettext_lazy("Key"),
            "tokens_per_second": gettext_lazy("Starts a second"),
            "burst_size": gettext_lazy("Burst"),
        }
        help_texts = {
            "key": gettext_lazy(
                "global, queue:<name> or task:<path>; the narrowest enabled limit alone holds."
            ),
            "tokens_per_second": gettext_lazy("0 disables the limit."),
            "burst_size": gettext_lazy("How many may start at once."),
        }


@admin.register(RateLimit)
class RateLimitAdmin(QueueAdmin):
    """Plain rows: what is written here holds from the commit on."""

    form = RateLimitForm
    fields = ["key", "tokens_per_second", "burst_size"]
    list_display = ["key", "state", "rate", "burst", "holds"]
    search_fields = ["key"]
    ordering = ["key"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        tokens = RawSQL("_reproq_tokens(rate_limits)", [], output_field=FloatField())
        return super().get_queryset(request).annotate(tokens=tokens)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["key"] if obj else []

    @admin.display(description=gettext_lazy("state"))
    def state(self, limit: RateLimit) -> str:
        if limit.tokens_per_second > 0 and limit.burst_size > 0:
            return badge("successful", _("in force"))
        return badge("cancelled", _("disabled"))

    @admin.display(description=gettext_lazy("starts a second"), ordering="tokens_per_second")
    def rate(self, limit: RateLimit) -> str:
        return f"{limit.tokens_per_second:g}"

    @admin.display(description=gettext_lazy("burst"), ordering="burst_size")
    def burst(self, limit: RateLimit) -> int:
        return limit.burst_size

    @admin.display(description=gettext_lazy("holds now"))
    def holds(self, limit: Any) -> str:
        if not (limit.tokens_per_second > 0 and limit.burst_size > 0):
            return "–"
        return format_html(
            '<meter class="reproq-meter" min="0" max="{}" value="{}"></meter> {}',
            limit.burst_size,
            limit.tokens,
            f"{limit.tokens:.1f}/{limit.burst_size}",
        )
