"""Outcomes of predecessors that share dependants, from several sessions at once."""

import json

import pytest

from tests.races.sessions import deadlocks, in_background, value

HOLD = "select 1 from task_runs where result_id = any(%s) for update"


def enqueue(conn, name, **options):
    spec = {"task_path": "a.b", "args": [name], **options}
    return value(conn, "select * from reproq_enqueue_many(%s)", [json.dumps([spec])])


def waits(conn, after, result_id=None, **options):
    """A run that waits for others. Its id may be lower than theirs."""
    columns = {"status": "WAITING", "spec_json": '{"task_path": "a.b"}', "dedup": False, **options}
    if result_id is not None:
        columns["result_id"] = result_id
    with conn.transaction():
        run = value(
            conn,
            f"insert into task_runs ({', '.join(columns)})"
            f" values ({', '.join(['%s'] * len(columns))}) returning result_id",
            list(columns.values()),
        )
        conn.execute("insert into reproq_edges select %s, unnest(%s::bigint[])", [run, after])
    return run


def statuses(conn, *runs):
    return [value(conn, "select status from task_runs where result_id = %s", [run]) for run in runs]


def finish(make_conn, succeeded, failed):
    outcomes = [{"result_id": succeeded, "lease_no": 1, "outcome": "complete"}]
    outcomes += [{"result_id": failed, "lease_no": 1, "outcome": "fail", "retry": False}]
    statement = "select status from reproq_finish('w', %s)"
    return in_background(make_conn(), statement, [json.dumps(outcomes)])


def test_batches_that_release_and_fail_each_others_dependants(conn, make_conn):
    before = deadlocks(conn)
    a, b, c, d = (enqueue(conn, name) for name in "abcd")
    conn.execute("select * from reproq_claim('w', max_tasks => 4)")
    first, second = waits(conn, [b, c]), waits(conn, [a, d])
    held = make_conn(autocommit=False)
    held.execute(HOLD, [[first, second]])
    finishing = [finish(make_conn, succeeded=a, failed=b), finish(make_conn, succeeded=c, failed=d)]
    held.commit()
    assert [f.result() for f in finishing] == [[("SUCCESSFUL",), ("FAILED",)]] * 2
    assert statuses(conn, first, second) == ["FAILED", "FAILED"]
    assert deadlocks(conn) == before


@pytest.mark.parametrize("end", ["select reproq_cancel(900)", "select expired from reproq_tick()"])
def test_a_waiting_run_ends_while_its_predecessor_fails(conn, make_conn, clock, end):
    before = deadlocks(conn)
    run = enqueue(conn, "a")
    conn.execute("select * from reproq_claim('w')")
    middle = waits(conn, [run], 900, expires_at=clock.now)
    last = waits(conn, [middle], 800)
    held = make_conn(autocommit=False)
    held.execute(HOLD, [[last]])
    failing = in_background(make_conn(), "select reproq_fail(%s, 1, '{}', false)", [run])
    ending = in_background(make_conn(), end)
    held.commit()
    assert failing.result() == [("FAILED",)]
    ending.result()
    assert statuses(conn, middle, last) == ["FAILED", "FAILED"]
    assert deadlocks(conn) == before


def test_a_run_that_waits_no_more_lets_its_dependants_go(conn, make_conn):
    """Who ends it now has its lease, and waits for them: a cancel that came too late must not."""
    run = enqueue(conn, "a")
    conn.execute("select * from reproq_claim('w')")
    behind = waits(conn, [run])
    late = make_conn(autocommit=False)
    conn.execute("set lock_timeout = '3s'")
    # (It was WAITING when the cancel looked at it.)
    assert value(late, "select _reproq_take_ticket(%s, 'WAITING')", [run]) is False
    assert value(conn, "select reproq_fail(%s, 1, '{}', false)", [run]) == "FAILED"
    late.rollback()
    assert statuses(conn, run, behind) == ["FAILED", "FAILED"]


def test_dependants_with_gates_of_their_own(conn, make_conn):
    before = deadlocks(conn)
    a, b = enqueue(conn, "a", lock_key="l"), enqueue(conn, "b", lock_key="m")
    conn.execute("select * from reproq_claim('w', max_tasks => 2)")
    first, second = waits(conn, [a], lock_key="m"), waits(conn, [b], lock_key="l")
    held = make_conn(autocommit=False)
    for gate in ("lock:l", "lock:m"):
        held.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [gate])
    finishing = [
        in_background(make_conn(), "select reproq_complete(%s, 1)", [run]) for run in (a, b)
    ]
    held.commit()
    for f in finishing:
        f.result()
    assert statuses(conn, first, second) == ["READY", "READY"]
    assert deadlocks(conn) == before
