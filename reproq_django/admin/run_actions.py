"""What an operator may do to runs. Each is a SQL function; one that is refused stops no other."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy, ngettext

from reproq_worker.call import call_value
from reproq_worker.errors import ReproqError

from ..databases import refusable_cursor
from ..executor import in_process
from ..models import TaskRun
from . import confirmation
from .display import status_badge

AT_ONCE = 900
"""Runs that one action takes on; the next click takes the next ones. A confirmation sends them all
back, and Django takes a form of no more than 1,000 fields."""

RUN_AT_ONCE = 20
RUNNER = "admin"
"""The worker's name on runs that are run here."""

SHOWN_REFUSALS = 3


def _selected(queryset: QuerySet) -> list[TaskRun]:
    """The runs, without what may be large, in an order in which nobody blocks anybody."""
    fields = ("result_id", "status", "task_path")
    return list(queryset.only(*fields).order_by("result_id")[:AT_ONCE])


def _call(database: str, name: str, **params: Any) -> Any:
    with refusable_cursor(database) as cursor:
        return call_value(cursor, name, **params)


def _each(runs: Iterable[TaskRun], act: Callable[[TaskRun], Any]) -> tuple[list, list[str]]:
    """What each answered, and what those said that were refused."""
    done, refused = [], []
    for run in runs:
        try:
            done.append((run, act(run)))
        except ReproqError as error:
            refused.append(str(error))
    return done, refused


def _note(request: HttpRequest, runs: Iterable[TaskRun], flag: int, words: str) -> None:
    """Keep in Django's log who did it."""
    entries = list(runs)
    if entries:
        LogEntry.objects.log_actions(request.user.pk, entries, flag, words)


def _say(admin: Any, request: HttpRequest, count: int, done: str) -> None:
    level = messages.SUCCESS if count else messages.WARNING
    admin.message_user(request, done % {"count": count}, level)


def _say_left(
    admin: Any, request: HttpRequest, queryset: QuerySet, skipped: int, refused: list[str], why: Any
) -> None:
    """Name those that were left as they are."""
    if skipped:
        text = ngettext("%(count)d skipped (%(why)s).", "%(count)d skipped (%(why)s).", skipped)
        admin.message_user(request, text % {"count": skipped, "why": why}, messages.WARNING)
    if refused:
        text = ngettext("%(count)d refused: %(why)s", "%(count)d refused: %(why)s", len(refused))
        shown = "; ".join(refused[:SHOWN_REFUSALS]) + ("; …" if refused[SHOWN_REFUSALS:] else "")
        admin.message_user(request, text % {"count": len(refused), "why": shown}, messages.WARNING)
    if queryset.order_by()[AT_ONCE : AT_ONCE + 1].exists():
        admin.message_user(
            request,
            gettext("More than %(most)d were selected: only the first ones were taken.")
            % {"most": AT_ONCE},
            messages.WARNING,
        )


@admin.action(
    permissions=["replay"],
    description=gettext_lazy("Replay selected tasks (creates new READY runs)"),
)
def replay_tasks(admin: Any, request: HttpRequest, queryset: QuerySet) -> None:
    """A new run of the same spec for each."""
    runs = _selected(queryset)
    done, refused = _each(runs, lambda run: _call(queryset.db, "replay", result_id=run.result_id))
    _note(request, [run for run, _ in done], CHANGE, gettext("replay"))
    text = ngettext("%(count)d run replayed.", "%(count)d runs replayed.", len(done))
    if len(done) == 1:
        text += " " + gettext("The new one is %(id)d.").replace("%(id)d", str(done[0][1]))
    _say(admin, request, len(done), text)
    _say_left(admin, request, queryset, 0, refused, "")


@admin.action(permissions=["operate"], description=gettext_lazy("Retry selected failed tasks"))
def retry_failed_tasks(admin: Any, request: HttpRequest, queryset: QuerySet) -> None:
    """A new start for each that is FAILED, with all its attempts."""
    runs = _selected(queryset)
    failed = [run for run in runs if run.status == TaskRun.Status.FAILED]
    done, refused = _each(failed, lambda run: _call(queryset.db, "retry", result_id=run.result_id))
    _note(request, [run for run, _ in done], CHANGE, gettext("retry"))
    text = ngettext("%(count)d run retried.", "%(count)d runs retried.", len(done))
    _say(admin, request, len(done), text)
    skipped = len(runs) - len(failed)
    _say_left(admin, request, queryset, skipped, refused, gettext("not FAILED"))


@admin.action(permissions=["operate"], description=gettext_lazy("Discard selected failed tasks"))
def discard_failed_tasks(admin: Any, request: HttpRequest, queryset: QuerySet) -> None:
    """Each that is FAILED is given up: CANCELLED, and no failure to look at any more."""
    runs = _selected(queryset)
    failed = [run for run in runs if run.status == TaskRun.Status.FAILED]
    done, refused = _each(
        failed,
        lambda run: _call(
            queryset.db, "discard", result_id=run.result_id, reason="Discarded in admin"
        ),
    )
    _note(request, [run for run, _ in done], CHANGE, gettext("discard"))
    text = ngettext("%(count)d run discarded.", "%(count)d runs discarded.", len(done))
    _say(admin, request, len(done), text)
    skipped = len(runs) - len(failed)
    _say_left(admin, request, queryset, skipped, refused, gettext("not FAILED"))


@admin.action(permissions=["operate"], description=gettext_lazy("Cancel selected tasks"))
def cancel_tasks(admin: Any, request: HttpRequest, queryset: QuerySet) -> None:
    """Each that waits ends, and the worker of each that runs is asked to stop it."""
    runs = _selected(queryset)
    live = [run for run in runs if run.status not in TaskRun.FINISHED]
    done, refused = _each(live, lambda run: _call(queryset.db, "cancel", result_id=run.result_id))
    _note(request, [run for run, _ in done], CHANGE, gettext("cancel"))
    ended = sum(answer == "CANCELLED" for _, answer in done)
    asked = sum(answer == "RUNNING" for _, answer in done)
    if ended or not asked:
        text = ngettext("%(count)d run cancelled.", "%(count)d runs cancelled.", ended)
        _say(admin, request, ended, text)
    if asked:
        text = ngettext(
            "%(count)d running one was asked to stop.",
            "%(count)d running ones were asked to stop.",
            asked,
        )
        _say(admin, request, asked, text)
    skipped = len(runs) - ended - asked - len(refused)
    _say_left(admin, request, queryset, skipped, refused, gettext("already finished"))


def _delete(
    admin: Any, request: HttpRequest, queryset: QuerySet, action: str, statuses: list[str]
) -> HttpResponse | None:
    runs = _selected(queryset)
    doomed = {run.result_id: run for run in runs if run.status in statuses}
    if doomed and not confirmation.is_given(request):
        question = ngettext(
            "Delete this run, with its arguments, its result and its errors?",
            "Delete these %(count)d runs, with their arguments, results and errors?",
            len(doomed),
        )
        return confirmation.page(
            admin,
            request,
            list(doomed.values()),
            lambda run: format_html("{} #{} {}", status_badge(run.status), run.pk, run.task_path),
            action=action,
            question=question % {"count": len(doomed)},
            note=gettext("What a waiting run still needs stays."),
        )
    count = 0
    if doomed:
        count = _call(queryset.db, "delete", result_ids=list(doomed), statuses=statuses)
        still = TaskRun.objects.using(queryset.db).filter(result_id__in=list(doomed))
        for result_id in still.values_list("result_id", flat=True):
            del doomed[result_id]
        _note(request, doomed.values(), DELETION, gettext("delete"))
    text = ngettext("%(count)d run deleted.", "%(count)d runs deleted.", count)
    _say(admin, request, count, text)
    why = gettext("in another state, or still needed")
    _say_left(admin, request, queryset, len(runs) - count, [], why)
    return None


@admin.action(permissions=["erase"], description=gettext_lazy("Delete selected successful tasks"))
def delete_successful_tasks(
    admin: Any, request: HttpRequest, queryset: QuerySet
) -> HttpResponse | None:
    """Those that were SUCCESSFUL and that nobody needs, once somebody is sure."""
    statuses = [TaskRun.Status.SUCCESSFUL.value]
    return _delete(admin, request, queryset, "delete_successful_tasks", statuses)


@admin.action(permissions=["erase"], description=gettext_lazy("Delete selected finished tasks"))
def delete_selected_tasks(
    admin: Any, request: HttpRequest, queryset: QuerySet
) -> HttpResponse | None:
    """Those that have finished and that nobody needs, once somebody is sure."""
    statuses = [status.value for status in TaskRun.FINISHED]
    return _delete(admin, request, queryset, "delete_selected_tasks", statuses)


@admin.action(permissions=["operate"], description=gettext_lazy("Run selected tasks here and now"))
def run_selected_tasks(admin: Any, request: HttpRequest, queryset: QuerySet) -> None:
    """Those that are READY, in this process, while the browser waits; so only a few at a time."""
    runs = _selected(queryset)
    began = []
    for run in [run for run in runs if run.status == TaskRun.Status.READY][:RUN_AT_ONCE]:
        # (One that a gate or a pause holds up is left as it is.)
        claimed = in_process.claim_given(queryset.db, run.result_id, RUNNER)
        if claimed is not None:
            in_process.run_claimed(queryset.db, claimed, RUNNER)
            began.append(run)
    _note(request, began, CHANGE, gettext("run"))
    ended = TaskRun.objects.using(queryset.db).filter(pk__in=[run.pk for run in began])
    succeeded = ended.filter(status=TaskRun.Status.SUCCESSFUL).count()
    failed = len(began) - succeeded
    if succeeded or not failed:
        text = ngettext("%(count)d succeeded.", "%(count)d succeeded.", succeeded)
        _say(admin, request, succeeded, text)
    if failed:
        text = ngettext("%(count)d failed.", "%(count)d failed.", failed)
        admin.message_user(request, text % {"count": failed}, messages.WARNING)
    why = gettext("not READY, or held up")
    if len(began) == RUN_AT_ONCE:
        why = gettext("no more than %(most)d run at once") % {"most": RUN_AT_ONCE}
    _say_left(admin, request, queryset, len(runs) - len(began), [], why)


ACTIONS = [
    replay_tasks,
    retry_failed_tasks,
    discard_failed_tasks,
    cancel_tasks,
    run_selected_tasks,
    delete_successful_tasks,
    delete_selected_tasks,
]
