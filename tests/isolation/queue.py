"""Short names for what the schedules do and look at."""

import json

from tests.isolation.schedules import orders
from tests.races.sessions import value

ORDERS = list(orders(2, 2))
ENDS = ["commit", "rollback"]
ENQUEUE = """select reproq_enqueue('a.b', '["x"]')"""
CLAIM = "select result_id from reproq_claim('w', max_tasks => 5)"
COMPLETE = "select reproq_complete(%s, 1)"
FAIL = "select reproq_fail(%s, 1, '{}', false)"
CANCEL = "select reproq_cancel(%s)"


def enqueue(conn, name, **options):
    spec = {"task_path": "a.b", "args": [name], **options}
    return value(conn, "select * from reproq_enqueue_many(%s)", [json.dumps([spec])])


def started(conn, name, **options):
    run = enqueue(conn, name, **options)
    assert conn.execute(CLAIM).fetchall() == [(run,)]
    return run


def workflow(conn, **after):
    """The runs of a graph by their keys; those that may start have been claimed."""
    nodes = [{"task_path": "a.b", "key": key, "after": list(a)} for key, a in after.items()]
    rows = conn.execute(
        "select key, result_id from reproq_enqueue_workflow(%s)", [json.dumps(nodes)]
    ).fetchall()
    conn.execute(CLAIM)
    return dict(rows)


def status(conn, run):
    return value(conn, "select status from task_runs where result_id = %s", [run])
