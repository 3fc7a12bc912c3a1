"""Ticks beside work that locks the same gates."""

import json

from tests.races.sessions import deadlocks, in_background, value


def enqueue(conn, name, key, limit):
    spec = {"task_path": "a.b", "args": [name], "concurrency_key": key, "concurrency_limit": limit}
    return value(conn, "select * from reproq_enqueue_many(%s)", [json.dumps([spec])])


def completions(*runs):
    return json.dumps([{"result_id": r, "lease_no": 1, "outcome": "complete"} for r in runs])


def test_a_tick_holds_no_gate_while_it_waits_for_what_it_reclaims(conn, make_conn, clock):
    before = deadlocks(conn)
    clock.advance(hours=1)
    lost, first = enqueue(conn, 1, "a", 2), enqueue(conn, 2, "a", 2)
    second, third = enqueue(conn, 3, "b", 2), enqueue(conn, 4, "b", 2)
    conn.execute("select * from reproq_claim('w', max_tasks => 4)")
    enqueue(conn, 5, "b", 2)
    conn.execute("select * from reproq_claim('w')")
    # The tick finds a free place at one gate and a lost run at the other.
    conn.execute("delete from reproq_leases where result_id = %s", [third])
    conn.execute(
        "update reproq_leases set leased_until = _reproq_now() where result_id = %s", [lost]
    )
    user = make_conn(autocommit=False)
    user.execute("select 1 from task_runs where result_id = %s for update", [lost])
    ticking = in_background(make_conn(), "select reclaimed from reproq_tick()")
    finishing = in_background(
        make_conn(), "select status from reproq_finish('w', %s)", [completions(first, second)]
    )
    user.rollback()
    assert ticking.result() == [(1,)]
    assert finishing.result() == [("SUCCESSFUL",), ("SUCCESSFUL",)]
    assert deadlocks(conn) == before
    conn.execute("delete from task_runs where result_id = %s", [third])
