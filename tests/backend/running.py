"""Runs what is enqueued in this process: what a worker does, without its processes."""

import json

from django.db import connection

from reproq_django import executor
from reproq_worker.call import call


def claim(queues=("default",), max_tasks=100, worker_id="w1"):
    """Claim runs, as a child gets them: through JSON."""
    with connection.cursor() as cursor:
        rows = call(cursor, "claim", worker_id=worker_id, queues=list(queues), max_tasks=max_tasks)
    return [json.loads(json.dumps(row, default=lambda t: t.isoformat())) for row in rows]


def finish(run, outcome, worker_id="w1"):
    named = json.loads(json.dumps(outcome)) | {n: run[n] for n in ("result_id", "lease_no")}
    with connection.cursor() as cursor:
        return call(cursor, "finish", worker_id=worker_id, outcomes=[named])[0]


def run_all(queues=("default",)):
    """Run everything that is ready, and return the outcomes."""
    outcomes = []
    while runs := claim(queues):
        for run in runs:
            outcome = executor.execute(run)
            assert finish(run, outcome)["accepted"]
            outcomes.append(outcome)
    return outcomes


def run_one(result):
    """Run what is ready, and return this result, refreshed."""
    run_all()
    result.refresh()
    return result
