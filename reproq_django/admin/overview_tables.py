"""The rows of the overview's tables and tiles: what the functions answer, in words and links."""

from typing import Any

from django.contrib import admin
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from reproq_worker.call import call

from ..models import TaskRun, Worker
from . import charts
from .display import WORKER_ALIVE_FOR, admin_url, duration, run_link, share, since
from .run_filters import found_by

STATES = ("ready", "running", "scheduled", "waiting", "blocked")
SHOWN_HELD = 5
SHOWN_LIMITS = 20


def _list_url(site: admin.AdminSite, database: str, **query: Any) -> str:
    return admin_url(site, "taskrun_changelist", database=database, **query)


def tiles(
    site: admin.AdminSite,
    database: str,
    queues: list[dict[str, Any]],
    day: list[dict[str, Any]],
    workers: list[dict[str, Any]],
    now: Any,
) -> list[dict[str, Any]]:
    """The figures on top."""
    found: list[dict[str, Any]] = [
        {
            "label": TaskRun.Status[state.upper()].label,
            "figure": f"{sum(queue[state] for queue in queues):,}",
            "url": _list_url(site, database, status=state.upper()),
            "kind": state,
        }
        for state in STATES
    ]
    failed = sum(row["failed"] for row in day)
    finished = sum(row["finished"] for row in day)
    found.append(
        {
            "label": _("Failed in a day"),
            "figure": f"{failed:,}",
            "note": share(failed, finished) if finished else "",
            "url": _list_url(site, database, status="FAILED"),
            "kind": "failed" if failed else "quiet",
        }
    )
    oldest = [queue for queue in queues if queue["oldest_ready_at"]]
    if oldest:
        queue = min(oldest, key=lambda queue: queue["oldest_ready_at"])
        found.append(
            {
                "label": _("Oldest waiting"),
                "figure": since(queue["oldest_ready_at"], now),
                "note": queue["queue_name"],
                "url": _list_url(
                    site, database, status="READY", queue_name=queue["queue_name"], o="7"
                ),
                "kind": "ready",
            }
        )
    alive = sum(worker["alive"] for worker in workers)
    found.append(
        {
            "label": _("Live workers"),
            "figure": f"{alive:,}",
            "url": admin_url(site, "worker_changelist", database=database),
            "kind": "quiet" if alive else "failed",
        }
    )
    return found


def queue_rows(
    site: admin.AdminSite, database: str, queues: list[dict[str, Any]], now: Any
) -> list[dict[str, Any]]:
    """How deep each queue is, how it went lately, and whether anybody serves it."""
    longest = max((sum(queue[s] for s in STATES) for queue in queues), default=0)
    rows = []
    for queue in queues:
        name = queue["queue_name"]
        ended = queue["successful"] + queue["failed"]
        rows.append(
            {
                "name": name,
                "url": _list_url(site, database, queue_name=name),
                "paused": queue["paused"],
                "cells": [
                    {
                        "count": queue[state],
                        "url": _list_url(site, database, status=state.upper(), queue_name=name),
                    }
                    for state in STATES
                ],
                "bar": charts.depth_bar([(s, queue[s]) for s in STATES], longest),
                "oldest": since(queue["oldest_ready_at"], now),
                "ended": ended,
                "failed": queue["failed"],
                "failure_rate": share(queue["failed"], ended) if ended else "–",
                "wait": duration(queue["slow_wait"]),
                "run": duration(queue["slow_run"]),
                "workers": queue["workers"],
                "lost": queue["leases_lost"],
                "unserved": not queue["workers"] and (queue["ready"] or queue["scheduled"]),
            }
        )
    return rows


def worker_rows(site: admin.AdminSite, database: str, now: Any) -> list[dict[str, Any]]:
    """Those alive, and those that still hold runs; the busiest first."""
    fields = ("result_id", "leased_by", "task_path", "last_attempted_at")
    running = found_by(TaskRun.objects.using(database), "RUNNING")
    held: dict[str, list[dict[str, Any]]] = {}
    for run in running.order_by("last_attempted_at").values(*fields):
        held.setdefault(run["leased_by"], []).append(run)
    rows = []
    for worker in Worker.objects.using(database).order_by("worker_id"):
        runs = held.pop(worker.worker_id, [])
        alive = worker.last_seen_at > now - WORKER_ALIVE_FOR
        if alive or runs:
            rows.append(
                {
                    "worker_id": worker.worker_id,
                    "hostname": worker.hostname,
                    "queues": ", ".join(map(str, worker.queues)),
                    "alive": alive,
                    "seen": since(worker.last_seen_at, now),
                    "places": worker.concurrency,
                    **_held(site, database, runs, now),
                }
            )
    for worker_id, runs in held.items():
        # A worker that never registered, or whose row is gone.
        rows.append({"worker_id": worker_id, "alive": False, **_held(site, database, runs, now)})
    return sorted(rows, key=lambda row: (-row["count"], row["worker_id"]))


def _held(
    site: admin.AdminSite, database: str, runs: list[dict[str, Any]], now: Any
) -> dict[str, Any]:
    return {
        "count": len(runs),
        "more": max(0, len(runs) - SHOWN_HELD),
        "runs": [
            {
                "link": run_link(site, run["result_id"], database),
                "task": (run["task_path"] or "").rpartition(".")[2],
                "since": since(run["last_attempted_at"], now),
            }
            for run in runs[:SHOWN_HELD]
        ],
    }


def task_row(site: admin.AdminSite, database: str, times: dict[str, Any]) -> dict[str, Any]:
    """How long the runs of a task took, and which took longest."""
    module, _dot, name = times["task_path"].rpartition(".")
    return {
        "name": name,
        "module": module,
        "runs": times["runs"],
        "failure_rate": share(times["failed"], times["runs"]),
        "failed": times["failed"],
        "avg": duration(times["avg_run"]),
        "slow": duration(times["slow_run"]),
        "longest": duration(times["longest_run"]),
        "link": run_link(site, times["longest_id"], database),
    }


def limit_rows(cursor: CursorWrapper) -> list[dict[str, Any]]:
    """The gates that are in use; locks that nobody waits for say nothing."""
    rows = []
    for gate in call(cursor, "limits", max_gates=200):
        kind, _colon, key = gate["gate"].partition(":")
        if kind == "lock" and not gate["parked"]:
            continue
        words = {"lock": _("lock"), "key": _("concurrency"), "rate": _("rate")}
        row = {"kind": words[kind], "key": key, "parked": gate["parked"]}
        if gate["tokens"] is not None:
            row |= {
                "use": gate["burst_size"] - gate["tokens"],
                "most": gate["burst_size"],
                "words": _("%(tokens)s of %(burst)s tokens left, %(rate)s a second")
                % {
                    "tokens": f"{gate['tokens']:.1f}",
                    "burst": gate["burst_size"],
                    "rate": f"{gate['tokens_per_second']:g}",
                },
            }
        else:
            row |= {
                "use": gate["taken"],
                "most": gate["places"] or 1,
                "words": f"{gate['taken']}/{gate['places'] or '–'}",
            }
        rows.append(row)
    return rows[:SHOWN_LIMITS]
