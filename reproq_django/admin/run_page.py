"""What the page of a run shows. What a task has produced is cut in the database, not here."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import BooleanField, F, Func, IntegerField, Q, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Left, Length
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from reproq_worker.call import call

from ..databases import MAX_RESULT_ID, refusable_cursor
from ..models import TaskRun
from .display import admin_url, duration, run_link, status_badge
from .reasons import sentence

LARGE = ["spec_json", "return_json", "errors_json", "metadata_json", "worker_ids"]
"""Columns that a task fills: never read whole, except errors of a size that can be shown."""

SHOWN_CHARS = 20_000
SHOWN_ERRORS = 20
ERRORS_CHARS = 1_000_000
NEARBY = 10_000
"""Twins are looked for among so many runs before and after, and among the newest."""


def load(database: str, object_id: str) -> TaskRun | None:
    """The run, with each of its documents printed and cut by the database."""
    if not (object_id.isascii() and object_id.isdigit()) or int(object_id) > MAX_RESULT_ID:
        return None
    runs = TaskRun.objects.using(database).defer(*LARGE)
    return (
        runs.annotate(
            shown_args=_printed("spec_json -> 'args'"),
            shown_kwargs=_printed("spec_json -> 'kwargs'"),
            shown_spec=_printed("spec_json"),
            shown_return=_printed("return_json"),
            shown_metadata=_printed("metadata_json"),
            shown_workers=_printed("worker_ids"),
            errors_chars=Length(Cast("errors_json", TextField())),
            errors_count=Func(
                F("errors_json"), function="jsonb_array_length", output_field=IntegerField()
            ),
        )
        .filter(pk=int(object_id))
        .first()
    )


def _printed(column: str) -> Left:
    text = RawSQL(f"jsonb_pretty(task_runs.{column})", [], output_field=TextField())
    # One more than is shown, to see that something is left out.
    return Left(text, SHOWN_CHARS + 1)


def context(run: TaskRun, site: AdminSite, database: str) -> dict[str, Any]:
    """The variables of the template."""
    now = timezone.now()
    errors = list(_errors(run))
    return {
        "run": run,
        "original": run,
        "database": database,
        "status": status_badge(run.status),
        "facts": list(_facts(run, site, database)),
        "reasons": list(_reasons(run, site, database)),
        "events": _timeline(run, errors, now),
        "spans": _spans(run, now),
        "documents": list(_documents(run)),
        "errors": errors[-SHOWN_ERRORS:][::-1],
        "errors_left_out": max(0, run.errors_count - min(len(errors), SHOWN_ERRORS)),
        "twins": _twins(run, site, database),
        "nearby": f"{NEARBY:,}",
        "hash_url": admin_url(site, "taskrun_changelist", q=run.spec_hash, database=database),
    }


def _facts(run: TaskRun, site: AdminSite, database: str) -> Iterator[tuple[str, Any]]:
    yield _("Task"), run.task_path
    yield _("Queue"), run.queue_name
    yield _("Priority"), run.priority
    yield _("Attempts"), f"{run.attempts}/{run.max_attempts}"
    if run.lease_losses:
        yield _("Lost leases"), f"{run.lease_losses}/{run.max_lease_losses}"
    yield _("Timeout"), duration(run.timeout_seconds)
    yield _("Lease number"), run.lease_no
    if run.leased_by:
        yield _("Worker"), run.leased_by
    if run.lock_key:
        yield _("Lock key"), run.lock_key
    if run.concurrency_key:
        yield _("Concurrency"), f"{run.concurrency_key} (≤ {run.concurrency_limit})"
    if run.workflow_id:
        page = admin_url(site, "workflowrun_change", run.workflow_id, database=database)
        yield _("Workflow"), {"url": page, "text": run.workflow_key or run.workflow_id}
    if run.parent_id:
        yield _("Waits for"), run_link(site, run.parent_id, database)
    yield _("Backend"), run.backend_alias
    yield _("Database"), database
    yield _("Spec hash"), run.spec_hash
    if run.logs_uri:
        yield _("Logs"), run.logs_uri
    if run.artifacts_uri:
        yield _("Artifacts"), run.artifacts_uri


def _reasons(run: TaskRun, site: AdminSite, database: str) -> Iterator[dict[str, Any]]:
    """Why it is not running, as reproq_explain has it, in words."""
    if run.status in TaskRun.FINISHED:
        return
    with refusable_cursor(database) as cursor:
        rows = call(cursor, "explain", result_id=run.result_id)
    for row in rows:
        yield row | {"sentence": sentence(row, site, database)}


def _errors(run: TaskRun) -> Iterator[dict[str, Any]]:
    """The attempts that ended badly, each text cut; none where they are too large altogether."""
    if run.errors_chars > ERRORS_CHARS:
        return
    for entry in run.errors_json:
        if isinstance(entry, dict):
            yield {
                "attempt": entry.get("attempt"),
                "at": _moment(entry.get("at")),
                "worker": entry.get("worker_id"),
                "kind": entry.get("kind"),
                "exception": entry.get("exception_class"),
                "message": cut(str(entry.get("message") or "")),
                "traceback": cut(str(entry.get("traceback") or "")),
            }


def _moment(text: Any) -> datetime | None:
    try:
        found = parse_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found and timezone.is_aware(found) else None


def _documents(run: TaskRun) -> Iterator[dict[str, Any]]:
    """What was asked for and what came of it, as printed by the database."""
    found = [
        (_("Arguments"), run.shown_args, True),
        (_("Keyword arguments"), run.shown_kwargs, True),
        (_("Return value"), run.shown_return, True),
        (_("Metadata"), run.shown_metadata, True),
        (_("Workers"), run.shown_workers, False),
        (_("Spec"), run.shown_spec, False),
    ]
    for title, text, is_open in found:
        if text not in (None, "[\n]", "{\n}"):
            yield {
                "title": title,
                "text": cut(text),
                "open": is_open,
                "is_cut": len(text) > SHOWN_CHARS,
            }


def cut(text: str) -> str:
    """As much of a text as is shown."""
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} …"


def _timeline(run: TaskRun, errors: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """What happened to it, in order, and what is to come."""
    events = [(run.enqueued_at, _("Enqueued"), "", "enqueued")]
    if run.run_after and run.run_after > run.enqueued_at:
        events.append((run.run_after, _("Not before"), "", "scheduled"))
    if run.started_at:
        events.append((run.started_at, _("First start"), "", "running"))
    if run.last_attempted_at and run.last_attempted_at != run.started_at:
        text = _("Start of attempt %(number)d") % {"number": run.attempts}
        events.append((run.last_attempted_at, text, run.leased_by or "", "running"))
    for error in errors[-SHOWN_ERRORS:]:
        if error["at"]:
            kind = error["exception"] or error["kind"] or ""
            text = _("Attempt %(number)s ended badly") % {"number": error["attempt"]}
            events.append((error["at"], text, kind, "failed"))
    if run.finished_at:
        events.append((run.finished_at, run.get_status_display(), "", run.status.lower()))
    else:
        if run.status == TaskRun.Status.RUNNING and run.leased_until:
            events.append((run.leased_until, _("Lease of the claim ends"), "", "scheduled"))
        if run.expires_at:
            events.append((run.expires_at, _("Expires"), "", "cancelled"))
    events.sort(key=lambda event: event[0])
    before, day = events[0][0], None
    rows = []
    for at, text, detail, kind in events:
        gap = at - before
        shown = f"+{duration(gap)}" if gap else ""
        local = timezone.localtime(at)
        clock = f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"
        if local.date() != day:
            clock, day = f"{local:%Y-%m-%d} {clock}", local.date()
        rows.append(
            {
                "at": at,
                "clock": clock,
                "text": text,
                "detail": detail,
                "kind": kind,
                "gap": shown,
                "ahead": at > now,
            }
        )
        before = at
    return rows


def _spans(run: TaskRun, now: datetime) -> list[dict[str, Any]]:
    """How its time was spent: before the first start, in earlier attempts, in the last one."""
    end = run.finished_at or now
    marks = [
        ("waited", _("waited"), run.enqueued_at, run.started_at or end),
        ("earlier", _("earlier attempts and pauses"), run.started_at, run.last_attempted_at),
        ("worked", _("last attempt"), run.last_attempted_at, end),
    ]
    if run.finished_at is None and run.status != TaskRun.Status.RUNNING and run.last_attempted_at:
        # Between two attempts: nobody works.
        marks[1:] = [("earlier", _("earlier attempts and pauses"), run.started_at, end)]
    known = [(kind, label, b - a) for kind, label, a, b in marks if a and b and b > a]
    total = sum((length for _, _, length in known), timedelta()) or timedelta(1)
    spans, x = [], 0.0
    for kind, label, length in known:
        width = 1000 * (length / total)
        spans.append(
            {
                "kind": kind,
                "label": label,
                "length": duration(length),
                "x": f"{x:.1f}",
                "width": f"{max(width, 2):.1f}",
            }
        )
        x += width
    return spans


def _twins(run: TaskRun, site: AdminSite, database: str) -> list[dict[str, Any]]:
    """Other runs with the same spec_hash: the live one, those nearby and the newest ones.

    There is no index over the hashes of finished runs: it would cost every enqueue.
    """
    runs = TaskRun.objects.using(database)
    newest = runs.order_by("-pk").values_list("pk", flat=True).first() or 0
    nearby = (run.pk - NEARBY, run.pk + NEARBY)
    latest = (newest - NEARBY, newest)
    # (As the unique index over the hashes of live runs has it, which a plain text would not use.)
    live = RawSQL(
        "task_runs.spec_hash = %s::char(64) and task_runs.dedup and task_runs.finished_at is null",
        [run.spec_hash],
        output_field=BooleanField(),
    )
    found: dict[int, TaskRun] = {}
    for condition in (Q(live), Q(pk__range=nearby), Q(pk__range=latest)):
        twins = runs.filter(condition, spec_hash=run.spec_hash).exclude(pk=run.pk)
        found |= {twin.pk: twin for twin in twins.defer(*LARGE).order_by("-pk")[:20]}
    return [
        {
            "link": run_link(site, twin.pk, database),
            "status": status_badge(twin.status),
            "enqueued_at": twin.enqueued_at,
        }
        for twin in sorted(found.values(), key=lambda twin: -twin.pk)[:20]
    ]
