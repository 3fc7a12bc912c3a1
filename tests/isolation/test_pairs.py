"""Each pair of calls that may meet, in every order of their steps: both in open transactions."""

import pytest

from tests.isolation.queue import (
    CANCEL,
    CLAIM,
    COMPLETE,
    ENDS,
    ENQUEUE,
    enqueue,
    started,
    status,
)
from tests.isolation.schedules import Steps
from tests.races.sessions import value


def test_claim_and_claim_on_one_key(conn, both, every_order):
    for order, end in every_order(ENDS):
        runs = {enqueue(conn, name, lock_key="l") for name in "ab"}
        first, second = both(order, Steps(CLAIM, end=end), Steps(CLAIM))
        kept = second.rows if end == "rollback" else first.rows + second.rows
        assert len(kept) <= 1
        # Whoever found the lock in another's hands left the runs in line.
        assert {run for (run,) in kept + conn.execute(CLAIM).fetchall()} <= runs
        assert value(conn, "select count(*) from task_runs where status = 'RUNNING'") == 1


def test_claim_and_cancel(conn, both, every_order):
    for order, end in every_order(ENDS):
        run = enqueue(conn, "a")
        claimed, cancelled = both(order, Steps(CLAIM, end=end), Steps(CANCEL, (run,)))
        if claimed.rows and end == "commit":
            assert cancelled.rows == [("RUNNING",)]
            assert value(conn, "select cancel_requested from task_runs")
        else:
            assert cancelled.rows == [("CANCELLED",)]
            assert status(conn, run) == "CANCELLED"


def test_claim_and_pause(conn, both, every_order):
    for order, _ in every_order(["commit"]):
        run = enqueue(conn, "a")
        claimed, paused = both(order, Steps(CLAIM), Steps("select reproq_pause_queue('default')"))
        assert paused.error is None
        if order[:2] == [1, 1]:
            assert claimed.rows == [], "it was paused before the claim began (I14)"
        else:
            assert claimed.rows == [(run,)]
        assert conn.execute(CLAIM).fetchall() == []


def test_enqueue_and_enqueue_of_one_hash(conn, both, every_order):
    for order, end in every_order(ENDS):
        first, second = both(order, Steps(ENQUEUE, end=end), Steps(ENQUEUE))
        [(live,)] = conn.execute("select result_id from task_runs").fetchall()
        assert second.rows == [(live,)]
        if end == "commit":
            assert first.rows == [(live,)]


def test_enqueue_and_complete(conn, both, every_order):
    for order, end in every_order(ENDS):
        run = started(conn, "x")
        enqueued, completed = both(
            order,
            Steps(ENQUEUE),
            Steps(COMPLETE, (run,), end),
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


def test_retry_and_enqueue_of_the_same_hash(conn, both, every_order):
    for order, end in every_order(ENDS):
        run = enqueue(conn, "x")
        conn.execute("select reproq_cancel(%s)", [run])
        retried, enqueued = both(
            order,
            Steps("select reproq_retry(%s)", (run,), end),
            Steps(ENQUEUE),
        )
        assert enqueued.error is None
        live = "select count(*) from task_runs where finished_at is null"
        assert value(conn, live) == 1
        if retried.error is not None:
            assert retried.error == "RQ003"
        elif end == "commit":
            assert enqueued.rows == [(run,)]


def test_tick_and_tick(conn, clock, both, every_order):
    for order, end in every_order(ENDS):
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


def test_a_limit_is_set_while_runs_are_claimed(conn, both, every_order):
    for order, end in every_order(ENDS):
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


def test_enqueue_and_claim(conn, both, every_order):
    for order, end in every_order(ENDS):
        enqueued, claimed = both(
            order, Steps("select reproq_enqueue('a.b')", end=end), Steps(CLAIM)
        )
        committed_first = order[:2] == [0, 0] and end == "commit"
        assert claimed.rows == (enqueued.rows if committed_first else [])
        assert conn.execute(CLAIM).fetchall() == (
            enqueued.rows if end == "commit" and not committed_first else []
        )


@pytest.mark.parametrize("limit", [1, 2])
def test_claim_and_claim_on_a_concurrency_key(conn, both, every_order, limit):
    for order, end in every_order(ENDS):
        for name in "abc":
            enqueue(conn, name, concurrency_key="k", concurrency_limit=limit)
        first, second = both(order, Steps(CLAIM, end=end), Steps(CLAIM))
        kept = second.rows if end == "rollback" else first.rows + second.rows
        assert len(kept) <= limit
        conn.execute(CLAIM)
        assert value(conn, "select count(*) from task_runs where status = 'RUNNING'") == limit
        assert value(conn, "select max(slot) from reproq_leases") == limit


def test_claim_and_claim_for_one_token(conn, clock, both, every_order):
    for order, end in every_order(ENDS):
        conn.execute("select reproq_set_rate_limit('global', 0.0001, 1)")
        for name in "abc":
            enqueue(conn, name)
        first, second = both(order, Steps(CLAIM, end=end), Steps(CLAIM))
        kept = second.rows if end == "rollback" else first.rows + second.rows
        assert len(kept) + len(conn.execute(CLAIM).fetchall()) == 1
        assert value(conn, "select current_tokens from rate_limits where key = 'global'") == 0


SYNCS = {
    "of what is there": "insert into periodic_tasks (name, cron_expr, task_path)"
    " values ('s', '0 * * * *', 'a.b') on conflict do nothing returning name",
    "of other work": "update periodic_tasks set task_path = 'a.c', priority = 5 where name = 's'"
    " returning name",
    "of other times": "update periodic_tasks set cron_expr = '0 0 * * *' where name = 's'"
    " returning name",
    "of the whole row as it was read": "update periodic_tasks set next_run_at = %s, priority = 5,"
    " last_run_at = %s where name = 's' returning name",
}


@pytest.mark.parametrize("sync", SYNCS)
def test_tick_and_sync(conn, clock, both, every_order, sync):
    for order, end in every_order(ENDS):
        clock.set("2100-01-01 11:30Z")
        conn.execute(
            "insert into periodic_tasks (name, cron_expr, task_path)"
            " values ('s', '0 * * * *', 'a.b')"
        )
        read = conn.execute("select next_run_at, last_run_at from periodic_tasks").fetchone()
        clock.set("2100-01-01 12:01Z")
        ticked, synced = both(
            order,
            Steps("select fired from reproq_tick()", end=end),
            Steps(SYNCS[sync], read if "%s" in SYNCS[sync] else ()),
        )
        assert (ticked.error, synced.error) == (None, None)
        conn.execute("select * from reproq_tick()")
        # The slot that was due is fired, once, and none is made up.
        slots = "select array_agg(spec_json ->> 'scheduled_at') from task_runs"
        assert value(conn, slots) == ["2100-01-01T12:00:00Z"]
        assert value(conn, "select next_run_at > _reproq_now() from periodic_tasks")
