"""Whoever looks while all is in motion sees one instant: nothing is broken, nothing is lost."""

import json
import random
import time

from tests.races.sessions import value
from tests.races.storm import sampled, storm
from tests.races.test_storms import claimer, enqueue, keyed

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def producer(conn):
    enqueue(conn, random.sample(keyed(60), 20) + [{"queue": "rated"}] * 3)
    nodes = [
        {"task_path": "a.b", "args": [key], "queue": "callbacks", "key": key, "after": after}
        for key, after in DIAMOND.items()
    ]
    conn.execute("select * from reproq_enqueue_workflow(%s)", [json.dumps(nodes)])
    time.sleep(0.05)


def rated(conn):
    rows = conn.execute(
        "select result_id, lease_no from reproq_claim('r', '{rated,callbacks,default}', 20)"
    ).fetchall()
    for number, lease in enumerate(rows):
        outcome = ("complete", "fail", "release")[number % 3]
        conn.execute(
            "select * from reproq_finish('r', jsonb_build_array(jsonb_build_object("
            "'result_id', %s::bigint, 'lease_no', %s::bigint, 'outcome', %s::text,"
            " 'retry', %s::boolean)))",
            [*lease, outcome, number % 2 == 0],
        )
    time.sleep(0.01)


def canceller(conn):
    conn.execute("select reproq_cancel(b.result_id) from reproq_blocked b limit 1")
    conn.execute("select * from reproq_retry_failed(max_tasks => 5)")
    time.sleep(0.02)


def ticker(conn):
    """Keeps the ring turning, so that partitions are truncated all the time."""
    conn.execute(
        "insert into reproq_ring (current) values (0) on conflict (only_row) do update"
        " set current = (reproq_ring.current + 1) % 3, truncate_after = null"
    )
    conn.execute("select * from reproq_tick()")
    time.sleep(0.02)


def test_whatever_goes_on_at_once_nothing_seems_broken(conn, make_conn):
    conn.execute("select reproq_set_rate_limit('queue:rated', 50, 5)")
    violation, violations = sampled("select * from reproq_violations()", hertz=30)
    lost, without_ticket = sampled(
        "select r.result_id, e.reason from (select t.result_id from reproq_ready t limit 5) r"
        " cross join lateral reproq_explain(r.result_id) e where e.reason = 'no_ticket'"
    )
    storm(
        make_conn,
        4,
        producer,
        claimer("w1"),
        claimer("w2"),
        rated,
        canceller,
        ticker,
        violation,
        violation,
        lost,
    )
    assert violations == []
    assert without_ticket == []
    assert value(conn, "select count(*) from task_runs where status = 'SUCCESSFUL'") > 100
