"""How states, times and links look, the same on every page."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..databases import default_alias
from ..models import TaskRun

WORKER_ALIVE_FOR = timedelta(minutes=2)
"""A worker that was not seen for longer counts as dead, as in reproq_stats."""

STATES = dict(TaskRun.Status.choices)


def badge(kind: str, text: Any, title: str = "") -> SafeString:
    """A word with a colour that the style sheet has for its kind."""
    return format_html(
        '<span class="reproq-badge reproq-{}"{}>{}</span>',
        kind.lower(),
        format_html(' title="{}"', title) if title else "",
        text,
    )


def status_badge(status: str) -> SafeString:
    """The status of a run, or of a workflow."""
    return badge(status, STATES.get(status, status.replace("_", " ").capitalize()))


def duration(value: float | timedelta | None) -> str:
    """A time as people say it: `35 ms`, `2.4 s`, `5 min 10 s`, `3 h 5 min`, `2 d 4 h`."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if seconds < 0:
        return f"−{duration(-seconds)}"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    units = [(86400, _("d")), (3600, _("h")), (60, _("min")), (1, _("s"))]
    first = next(i for i, (size, _unit) in enumerate(units) if whole >= size)
    parts = []
    for size, unit in units[first : first + 2]:
        number, whole = divmod(whole, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts)


def since(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago something was; what came while a page was made was just now."""
    if moment is None:
        return "–"
    return duration(max((now or timezone.now()) - moment, timedelta()))


def share(part: float, whole: float) -> str:
    """A part in per cent."""
    percent = 100 * part / whole if whole else 0
    return f"{percent:.0f} %" if percent in (0, 100) or percent >= 10 else f"{percent:.1f} %"


def admin_url(site: admin.AdminSite, page: str, *args: Any, **query: Any) -> str:
    """The address of a page of this app, `taskrun_changelist`; of another database where said."""
    if query.get("database") == default_alias():
        del query["database"]
    address = reverse(f"admin:reproq_django_{page}", args=args, current_app=site.name)
    return f"{address}?{urlencode(query)}" if query else address


def run_link(site: admin.AdminSite, result_id: int, database: str) -> SafeString:
    """A link to a run."""
    address = admin_url(site, "taskrun_change", result_id, database=database)
    return format_html('<a href="{}">{}</a>', address, result_id)
