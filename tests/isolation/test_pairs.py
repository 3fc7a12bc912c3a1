"""Each pair of calls that may meet, in every order of their steps: both in open transactions."""

import json

import pytest

from tests.isolation.schedules import Outcome, Steps, orders, play
from tests.races.sessions import deadlocks, value

ORDERS = list(orders(2, 2))
CLAIM = "select result_id from reproq_claim('w', max_tasks => 5)"


def enqueue(conn, name, **options):
    spec = {"task_path": "a.b", "args": [name], **options}
    return value(conn, "select * from reproq_enqueue_many(%s)", [json.dumps([spec])])


def started(conn, name, **options):
    run = enqueue(conn, name, **options)
    assert conn.execute(CLAIM).fetchall() == [(run,)]
    return run


def workflow(conn, **after):
    nodes = [{"task_path": "a.b", "key": key, "after": list(a)} for key, a in after.items()]
    rows = conn.execute(
        "select key, result_id from reproq_enqueue_workflow(%s)", [json.dumps(nodes)]
    ).fetchall()
    conn.execute(CLAIM)
    return dict(rows)


def status(conn, run):
    return value(conn, "select status from task_runs where result_id = %s", [run])


@pytest.fixture
def both(conn, make_conn):
    """Plays two statements in an order; whatever comes of it, nobody deadlocks."""
    before = deadlocks(conn)

    def both(order, *transactions):
        outcomes = play(make_conn, order, *transactions)
        assert all(outcome.error != "40P01" for outcome in outcomes)
        assert value(conn, "select count(*) from reproq_violations()") == 0
        return outcomes

    yield both
    assert deadlocks(conn) == before


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_claim_and_claim_on_one_key(conn, both, order, end):
    runs = {enqueue(conn, name, lock_key="l") for name in "ab"}
    first, second = both(order, Steps(CLAIM, end=end), Steps(CLAIM))
    kept = second.rows if end == "rollback" else first.rows + second.rows
    assert len(kept) <= 1
    # Whoever found the lock in another's hands left the runs in line.
    assert {run for (run,) in kept + conn.execute(CLAIM).fetchall()} <= runs
    assert value(conn, "select count(*) from task_runs where status = 'RUNNING'") == 1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_claim_and_cancel(conn, both, order, end):
    run = enqueue(conn, "a")
    claimed, cancelled = both(
        order, Steps(CLAIM, end=end), Steps("select reproq_cancel(%s)", (run,))
    )
    if claimed.rows and end == "commit":
        assert cancelled.rows == [("RUNNING",)]
        assert value(conn, "select cancel_requested from task_runs")
    else:
        assert cancelled.rows == [("CANCELLED",)]
        assert status(conn, run) == "CANCELLED"


@pytest.mark.parametrize("order", ORDERS)
def test_claim_and_pause(conn, both, order):
    run = enqueue(conn, "a")
    claimed, paused = both(order, Steps(CLAIM), Steps("select reproq_pause_queue('default')"))
    assert paused.error is None
    if order[:2] == [1, 1]:
        assert claimed.rows == [], "it was paused before the claim began (I14)"
    else:
        assert claimed.rows == [(run,)]
    assert conn.execute(CLAIM).fetchall() == []


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize(
    "statement", ["select reproq_complete(%s, 1)", "select reproq_fail(%s, 1, '{}', false)"]
)
def test_two_members_of_one_chord_end(conn, both, order, end, statement):
    runs = workflow(conn, a="", b="", callback="ab")
    both(
        order,
        Steps("select reproq_complete(%s, 1)", (runs["a"],)),
        Steps(statement, (runs["b"],), end),
    )
    if end == "rollback":
        assert status(conn, runs["callback"]) == "WAITING"
        conn.execute(statement, [runs["b"]])
    expected = "FAILED" if "fail" in statement else "READY"
    assert status(conn, runs["callback"]) == expected


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_complete_and_reclaim(conn, clock, both, order, end):
    clock.advance(hours=1)
    run = started(conn, "a")
    clock.advance(minutes=6)
    completed, reclaimed = both(
        order,
        Steps("select reproq_complete(%s, 1)", (run,), end),
        Steps("select reproq_reclaim()"),
    )
    # Exactly one of them wins (I12).
    if reclaimed.rows == [(1,)]:
        assert completed.error == "RQ001" or end == "rollback"
        assert status(conn, run) == "READY"
    elif end == "commit":
        assert completed.error is None
        assert status(conn, run) == "SUCCESSFUL"
    else:
        # The reclaim does not wait for who is just completing; the next one takes it.
        assert value(conn, "select reproq_reclaim()") == 1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_enqueue_and_enqueue_of_one_hash(conn, both, order, end):
    statement = "select reproq_enqueue('a.b')"
    first, second = both(order, Steps(statement, end=end), Steps(statement))
    [(live,)] = conn.execute("select result_id from task_runs").fetchall()
    assert second.rows == [(live,)]
    if end == "commit":
        assert first.rows == [(live,)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_enqueue_and_complete(conn, both, order, end):
    run = started(conn, "x")
    enqueued, completed = both(
        order,
        Steps("""select reproq_enqueue('a.b', '["x"]')"""),
        Steps("select reproq_complete(%s, 1)", (run,), end),
    )
    assert completed.error is None
    [(own,)] = enqueued.rows
    # What it returned was live during the call (I4), and nothing is lost.
    if end == "rollback":
        assert own == run
    elif order[:2] == [1, 1]:
        assert own != run
    assert status(conn, own) in ("READY", "RUNNING", "SUCCESSFUL")
    assert own != run or order[:2] != [1, 1] or end == "rollback"


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_retry_and_enqueue_of_the_same_hash(conn, both, order, end):
    run = enqueue(conn, "x")
    conn.execute("select reproq_cancel(%s)", [run])
    retried, enqueued = both(
        order,
        Steps("select reproq_retry(%s)", (run,), end),
        Steps("""select reproq_enqueue('a.b', '["x"]')"""),
    )
    assert enqueued.error is None
    live = "select count(*) from task_runs where finished_at is null"
    assert value(conn, live) == 1
    if retried.error is not None:
        assert retried.error == "RQ003"
    elif end == "commit":
        assert enqueued.rows == [(run,)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_tick_and_tick(conn, clock, both, order, end):
    clock.advance(hours=1)
    lost = started(conn, "lost")
    due = enqueue(conn, "due", run_in=60)
    late = enqueue(conn, "late", expires_in=60)
    clock.advance(minutes=10)
    tick = "select woken, reclaimed, expired from reproq_tick()"
    first, second = both(order, Steps(tick, end=end), Steps(tick))
    sums = [sum(counts) for counts in zip(*(first.rows + second.rows), strict=True)]
    if end == "commit":
        assert sums == [1, 1, 1], "each was done once"
    conn.execute(tick)
    assert [status(conn, run) for run in (lost, due, late)] == ["READY", "READY", "FAILED"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_limit_is_set_while_runs_are_claimed(conn, both, order, end):
    conn.execute("select reproq_set_rate_limit('global', 0.0001, 5)")
    runs = [enqueue(conn, name) for name in "abc"]
    claimed, limited = both(
        order,
        Steps(CLAIM, end=end),
        Steps("select reproq_set_rate_limit('global', 0.0001, 1)"),
    )
    assert limited.error is None
    claim_was_first = order[0] == 0
    if claim_was_first:
        assert claimed.rows == [(run,) for run in runs]
    elif order[:2] == [1, 1]:
        assert claimed.rows == [(runs[0],)]
    else:
        assert claimed.rows == [], "the bucket is in another's hands: nobody waits"
    spent = len(claimed.rows) if end == "commit" else 0
    conn.execute("select * from reproq_tick()")
    more = conn.execute(CLAIM).fetchall()
    assert len(more) + spent == (3 if claim_was_first and end == "commit" else 1)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_workflow_and_claim(conn, both, order, end):
    nodes = [{"task_path": "a.b", "key": "a"}, {"task_path": "a.b", "key": "b", "after": ["a"]}]
    made, claimed = both(
        order,
        Steps("select result_id from reproq_enqueue_workflow(%s)", (json.dumps(nodes),), end),
        Steps(CLAIM),
    )
    # Nothing of it is there before all of it is (I25).
    whole = order[:2] == [0, 0] and end == "commit"
    assert claimed == Outcome([made.rows[0]] if whole else [])
    assert value(conn, "select count(*) from task_runs") == (2 if end == "commit" else 0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize(
    "statement", ["select reproq_complete(%s, 1)", "select reproq_fail(%s, 1, '{}', false)"]
)
def test_a_retry_meets_the_end_of_another_predecessor(conn, both, order, end, statement):
    runs = workflow(conn, a="", b="", callback="ab")
    conn.execute("select reproq_fail(%s, 1, '{}', false)", [runs["a"]])
    retried, ended = both(
        order,
        Steps("select reproq_retry(%s)", (runs["a"],), end),
        Steps(statement, (runs["b"],)),
    )
    assert (retried.error, ended.error) == (None, None)
    if end == "rollback":
        assert status(conn, runs["callback"]) == "FAILED"
        return
    if "fail" in statement:
        assert status(conn, runs["callback"]) == "FAILED"
        return
    assert status(conn, runs["callback"]) == "WAITING"
    conn.execute(CLAIM)
    conn.execute("select reproq_complete(%s, 2)", [runs["a"]])
    assert status(conn, runs["callback"]) == "READY"
