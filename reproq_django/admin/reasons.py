"""The answers of reproq_explain as sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.admin import AdminSite
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .display import run_link, status_badge

_SIMPLE: Mapping[str, Callable[[], str]] = {
    "not_due": lambda: _("Its time has not come."),
    "due": lambda: _("Its time has come: the next claim or tick brings it into the line."),
    "no_ticket": lambda: _("It is lost: reproq_repair() brings it back. Please report the bug."),
}


def sentence(row: Mapping[str, Any], site: AdminSite, database: str) -> str:
    """One reason in words; what it names is escaped and linked."""
    reason, detail = row["reason"], row["detail"]
    if reason in _SIMPLE:
        return _SIMPLE[reason]()
    if reason == "running":
        return _running(detail)
    if reason == "backoff":
        return _("It pauses after attempt %(attempts)d of %(most)d.") % {
            "attempts": detail["attempts"],
            "most": detail["max_attempts"],
        }
    if reason == "predecessor":
        return format_html(
            "{} {} {}",
            _("It waits for run"),
            run_link(site, detail["result_id"], database),
            status_badge(detail["status"]),
        )
    if reason == "queue_paused":
        text = _("Queue %(queue)s is paused.") % {"queue": detail["queue_name"]}
        return f"{text} {detail['reason']}" if detail["reason"] else text
    if reason == "no_worker":
        return _("No worker of queue %(queue)s was seen within two minutes.") % {
            "queue": detail["queue_name"]
        }
    if reason == "in_line":
        return ngettext(
            "It stands in line, behind %(ahead)s other.",
            "It stands in line, behind %(ahead)s others.",
            detail["ahead"],
        ) % {"ahead": f"{detail['ahead']:,}" + ("+" if detail["ahead"] == 10_000 else "")}
    if reason == "expires":
        return _("It will not be started after its expiry.")
    if reason == "blocked":
        return _blocked(detail, site, database)
    return reason


def _running(detail: Mapping[str, Any]) -> str:
    text = _("Worker %(worker)s runs it.") % {"worker": detail["worker_id"]}
    if detail["cancel_requested"]:
        text += " " + _("It was asked to stop.")
    if detail["lease_ran_out"]:
        text += " " + _("The lease ran out: the next tick takes it back.")
    return text


def _blocked(detail: Mapping[str, Any], site: AdminSite, database: str) -> str:
    gate = detail["gate"]
    if gate.startswith("rate:"):
        if detail["lifted"]:
            return _("It is parked at %(gate)s, which the next tick frees.") % {"gate": gate}
        return _("Rate limit %(gate)s: %(rate)s starts a second, %(tokens)s tokens left.") % {
            "gate": gate.removeprefix("rate:"),
            "rate": f"{detail['tokens_per_second']:g}",
            "tokens": f"{detail['tokens']:.1f}",
        }
    kind, _colon, key = gate.partition(":")
    text = (
        _("Lock %(key)s is held by")
        if kind == "lock"
        else _("All places of concurrency key %(key)s are taken by")
    )
    holders = format_html_join(
        ", ",
        "{} ({})",
        (
            (run_link(site, holder["result_id"], database), holder["worker_id"])
            for holder in detail["holders"][:10]
        ),
    )
    if not detail["holders"]:
        return _("It is parked at %(gate)s, where there is room again.") % {"gate": gate}
    return format_html("{} {}", text % {"key": key}, holders)
