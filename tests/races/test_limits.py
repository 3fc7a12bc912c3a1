"""Whoever is woken at a gate and does not start leaves its place to the next; buckets and pauses
between sessions."""

import json

import pytest

from tests.races.sessions import value

CLAIM = "select result_id from reproq_claim('w', max_tasks => 5)"


def enqueue(conn, name, **options):
    spec = {"task_path": "a.b", "args": [name], **options}
    return value(conn, "select * from reproq_enqueue_many(%s)", [json.dumps([spec])])


def claim(conn):
    return [run for (run,) in conn.execute(CLAIM).fetchall()]


def complete(conn, run):
    conn.execute("select reproq_complete(%s, 1)", [run])


def status(conn, run):
    return value(conn, "select status from task_runs where result_id = %s", [run])


@pytest.fixture
def woken(conn, clock):
    """A run that holds a lock ends: who waited longest is awake, another one is parked."""

    def woken(**options):
        holder = enqueue(conn, "holder", lock_key="l")
        assert claim(conn) == [holder]
        first = enqueue(conn, "first", lock_key="l", **options)
        behind = enqueue(conn, "behind", lock_key="l")
        queues = ["default", options.get("queue", "default")]
        assert conn.execute("select 1 from reproq_claim('w', %s, 5)", [queues]).fetchall() == []
        assert status(conn, behind) == "BLOCKED"
        complete(conn, holder)
        assert status(conn, first) == "READY"
        return first, behind

    return woken


def test_a_woken_run_that_parks_at_another_gate(conn, woken):
    busy = enqueue(conn, "busy", concurrency_key="k", concurrency_limit=1)
    claim(conn)
    first, behind = woken(concurrency_key="k", concurrency_limit=1)
    assert claim(conn) == [behind]
    complete(conn, busy)
    complete(conn, behind)
    assert claim(conn) == [first]


def test_a_woken_run_stays_awake_where_it_could_not_wake_the_next(conn, make_conn):
    key = {"concurrency_key": "k", "concurrency_limit": 1}
    holder = enqueue(conn, "holder", **key)
    assert claim(conn) == [holder]
    first, behind = enqueue(conn, "first", lock_key="z", **key), enqueue(conn, "behind", **key)
    assert claim(conn) == []
    busy = enqueue(conn, "busy", lock_key="z")
    assert claim(conn) == [busy]
    complete(conn, holder)
    assert (status(conn, first), status(conn, behind)) == ("READY", "BLOCKED")
    # Another claimer, which has looked at the key already and starts nobody at it.
    other = make_conn()
    with other.transaction():
        other.execute("select pg_advisory_xact_lock(hashtextextended('key:k', 0))")
        assert claim(conn) == []
        assert (status(conn, first), status(conn, behind)) == ("READY", "BLOCKED")
        assert conn.execute("select * from reproq_violations()").fetchall() == []
    assert claim(conn) == [behind]
    assert status(conn, first) == "BLOCKED"


def test_a_woken_run_that_parks_at_a_bucket(conn, woken, clock):
    conn.execute("select reproq_set_rate_limit('task:a.slow', 0.01, 1)")
    enqueue(conn, "pays", task_path="a.slow")
    claim(conn)
    first, behind = woken(task_path="a.slow")
    assert claim(conn) == [behind]
    complete(conn, behind)
    assert claim(conn) == []
    clock.advance(100)
    assert claim(conn) == [first]


def test_a_woken_run_that_is_cancelled(conn, woken):
    first, behind = woken()
    conn.execute("select reproq_cancel(%s)", [first])
    assert claim(conn) == [behind]


def test_a_woken_run_that_expires(conn, woken, clock):
    first, behind = woken(expires_in=60)
    clock.advance(60)
    conn.execute("select * from reproq_tick()")
    assert status(conn, first) == "FAILED"
    assert claim(conn) == [behind]


def test_a_woken_run_that_is_deleted(conn, woken):
    first, behind = woken()
    conn.execute("delete from task_runs where result_id = %s", [first])
    assert claim(conn) == [behind]


def test_a_woken_run_that_has_no_worker(conn, woken):
    _, behind = woken(queue="unserved")
    assert claim(conn) == [behind]


def test_a_woken_run_whose_queue_is_paused(conn, woken):
    first, behind = woken(queue="paused")
    conn.execute("select reproq_pause_queue('paused')")
    assert claim(conn) == [behind]
    complete(conn, behind)
    conn.execute("select reproq_resume_queue('paused')")
    assert conn.execute("select result_id from reproq_claim('w', '{paused}')").fetchall() == [
        (first,)
    ]


def test_limits_that_differ_within_a_key(conn):
    def keyed(name, limit):
        return enqueue(conn, name, concurrency_key="k", concurrency_limit=limit)

    three = [keyed(f"wide {n}", 3) for n in range(3)]
    assert claim(conn) == three
    narrow, wide = keyed("narrow", 1), keyed("wide", 3)
    assert claim(conn) == []
    complete(conn, three[0])
    # Two run: too many for the one that has waited longer, not for the other.
    assert claim(conn) == [wide]
    for run in (*three[1:], wide):
        assert status(conn, narrow) == "BLOCKED"
        complete(conn, run)
    assert claim(conn) == [narrow]


def test_a_bucket_in_anothers_hands_holds_up_nobody(conn, make_conn):
    conn.execute("select reproq_set_rate_limit('task:a.slow', 0.001, 5)")
    slow = [enqueue(conn, n, task_path="a.slow") for n in range(2)]
    other = make_conn(autocommit=False)
    assert other.execute("select result_id from reproq_claim('o')").fetchall() == [(slow[0],)]
    plain = enqueue(conn, "plain")
    conn.execute("set lock_timeout = '1s'")
    assert claim(conn) == [plain]
    assert status(conn, slow[1]) == "READY"
    other.rollback()
    assert claim(conn) == slow


@pytest.mark.parametrize(
    "resume",
    [
        "select reproq_resume_queue('q')",
        "update reproq_queue_controls set paused = false",
        "delete from reproq_queue_controls",
    ],
)
def test_a_queue_that_is_resumed_wakes_its_workers(conn, make_conn, resume):
    conn.execute("select reproq_pause_queue('q')")
    enqueue(conn, "a", queue="q")
    worker = make_conn()
    worker.execute("listen reproq")
    assert worker.execute("select 1 from reproq_claim('w', '{q}', wait => '10 s')").fetchall() == []
    conn.execute(resume)
    assert [n.payload for n in worker.notifies(timeout=5, stop_after=1)] == ["queue q"]
