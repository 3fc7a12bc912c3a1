"""Claim runs and run them in this process: for tests, cron jobs, serverless and the admin.

One after another and without a supervisor, so a timeout only bounds the lease: whatever runs longer
may be given to somebody else, and its outcome is then refused.
"""

import json
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from reproq_worker import outcomes
from reproq_worker.call import call
from reproq_worker.errors import RunNotFound, WrongState

from .. import databases

if TYPE_CHECKING:
    from ..models import TaskRun

_GRACE = timedelta(seconds=30)
#: A claim takes no more.
_MOST_QUEUES = 1000
_CLAIMED = (
    "result_id",
    "lease_no",
    "task_path",
    "queue_name",
    "spec_json",
    "timeout_seconds",
    "max_attempts",
    "priority",
    "backend_alias",
    "run_after",
    "enqueued_at",
    "started_at",
    "last_attempted_at",
    "leased_until",
    "worker_ids",
    "metadata_json",
    "errors_json",
    "traceparent",
)


class _NotToBeHad(Exception):
    """The run cannot be claimed."""


def new_worker_id() -> str:
    """`hostname-<8 hex digits>`: unique for each use."""
    return f"{socket.gethostname()}-{secrets.token_hex(4)}"


def run_ready(
    db_alias: str,
    queues: Sequence[str] | None = None,
    *,
    max_tasks: int = 0,
    worker_id: str | None = None,
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Run what may run now, one by one, and yield the result_id and the outcome of each.

    `queues` None means every queue, `max_tasks` 0 no end. What becomes ready meanwhile is run, too.
    """
    worker = worker_id or new_worker_id()
    names = list(queues or ())
    number = 0
    while not max_tasks or number < max_tasks:
        run = claim_one(db_alias, names, worker) if names else None
        if run is None and queues is None:
            names = queues_with_work(db_alias)
            run = claim_one(db_alias, names, worker) if names else None
        if run is None:
            return
        yield run["result_id"], run_claimed(db_alias, run, worker)
        number += 1


def claim_one(db_alias: str, queues: Sequence[str], worker_id: str) -> dict[str, Any] | None:
    """Claim the first run of these queues that may run now."""
    with databases.refusable_cursor(db_alias) as cursor:
        rows = call(cursor, "claim", worker_id=worker_id, queues=list(queues), max_tasks=1)
    return rows[0] if rows else None


def claim_given(
    db_alias: str, result_id: int, worker_id: str, *, retry: bool = False
) -> dict[str, Any] | None:
    """Claim this run if it may run now; with `retry` give it a new start before.

    Where it may not even then, nothing has changed.
    """
    with suppress(_NotToBeHad, WrongState, RunNotFound), transaction.atomic(using=db_alias):
        with databases.refusable_cursor(db_alias) as cursor:
            if retry:
                call(cursor, "retry", result_id=result_id)
            rows = call(cursor, "claim", worker_id=worker_id, result_ids=[result_id])
        if not rows:
            raise _NotToBeHad
        return rows[0]
    return None


def claimed(row: "TaskRun") -> dict[str, Any] | None:
    """A RUNNING run as reproq_claim returned it when it was claimed."""
    if row.status != "RUNNING":
        return None
    return {name: getattr(row, name) for name in _CLAIMED} | {"attempt": row.attempts}


def run_claimed(db_alias: str, run: Mapping[str, Any], worker_id: str) -> Mapping[str, Any]:
    """Run what was claimed, record the outcome and return it."""
    from . import execute

    _lease_for_all_of_it(db_alias, run, worker_id)
    outcome = execute({**run, "db_alias": db_alias, "worker_id": worker_id})
    if outcome["outcome"] != "recorded":
        named = {"result_id": run["result_id"], "lease_no": run["lease_no"]}
        storable = json.loads(outcomes.cleaned(outcomes.encode(outcome)))
        with databases.refusable_cursor(db_alias) as cursor:
            call(cursor, "finish", worker_id=worker_id, outcomes=[storable | named])
    return outcome


def _lease_for_all_of_it(db_alias: str, run: Mapping[str, Any], worker_id: str) -> None:
    """Nobody here sends heartbeats while the task runs."""
    with databases.refusable_cursor(db_alias) as cursor:
        call(
            cursor,
            "heartbeat",
            worker_id=worker_id,
            result_ids=[run["result_id"]],
            lease_nos=[run["lease_no"]],
            lease=timedelta(seconds=run["timeout_seconds"]) + _GRACE,
        )


def queues_with_work(db_alias: str) -> list[str]:
    """The names of the queues of which a claim might return something."""
    with connections[db_alias].cursor() as cursor:
        rows = call(cursor, "stats", finished_within=timedelta())
    # (A claim brings back what waits for a time or for a token that has come in.)
    waiting = ("ready", "scheduled", "blocked")
    names = [row["queue_name"] for row in rows if any(row[name] for name in waiting)]
    return names[:_MOST_QUEUES]
