"""What may end one lease, in every order of their steps: one of them wins."""

import pytest

from tests.isolation.queue import CANCEL, CLAIM, COMPLETE, ENDS, FAIL, started, status
from tests.isolation.schedules import Steps
from tests.races.sessions import value


def test_complete_and_reclaim(conn, clock, both, every_order):
    for order, end in every_order(ENDS):
        clock.advance(hours=1)
        run = started(conn, "a")
        clock.advance(minutes=6)
        completed, reclaimed = both(
            order,
            Steps(COMPLETE, (run,), end),
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


@pytest.mark.parametrize(
    "ending", [FAIL, "select reproq_fail(%s, 1, '{}')", "select reproq_release(%s, 1)"]
)
def test_an_end_that_is_no_success_and_cancel(conn, both, every_order, ending):
    for order, end in every_order(ENDS):
        run = started(conn, "a", lock_key="l")
        ended, cancelled = both(order, Steps(ending, (run,), end), Steps(CANCEL, (run,)))
        assert (ended.error, cancelled.error) == (None, None)
        # Whoever came second obeyed or found it ended; nobody starts it again (I21).
        if end == "rollback":
            assert (cancelled.rows, status(conn, run)) == ([("RUNNING",)], "RUNNING")
            conn.execute(ending, [run])
            assert status(conn, run) == "CANCELLED"
        elif order[0] == 0 and ending == FAIL:
            assert status(conn, run) == "FAILED"
        else:
            assert status(conn, run) == "CANCELLED"
        assert conn.execute(CLAIM).fetchall() == []


def test_complete_and_cancel(conn, both, every_order):
    for order, end in every_order(ENDS):
        run = started(conn, "a")
        completed, cancelled = both(order, Steps(COMPLETE, (run,), end), Steps(CANCEL, (run,)))
        assert (completed.error, cancelled.error) == (None, None)
        # A result that is there counts, also for a run that was to be cancelled.
        assert status(conn, run) == ("SUCCESSFUL" if end == "commit" else "RUNNING")


def test_reclaim_and_cancel(conn, clock, both, every_order):
    for order, end in every_order(ENDS):
        clock.advance(hours=1)
        run = started(conn, "a")
        clock.advance(minutes=6)
        both(order, Steps("select reproq_reclaim()", end=end), Steps(CANCEL, (run,)))
        if end == "rollback" or status(conn, run) == "RUNNING":
            conn.execute("select reproq_reclaim()")
        assert status(conn, run) == "CANCELLED"
        assert conn.execute(CLAIM).fetchall() == []


@pytest.mark.parametrize("other", [COMPLETE, FAIL])
def test_two_outcomes_of_one_lease(conn, both, every_order, other):
    for order, end in every_order(ENDS):
        run = started(conn, "a")
        first, second = both(order, Steps(COMPLETE, (run,), end), Steps(other, (run,)))
        # Exactly one is recorded, the other is told so (I11, I22).
        errors = {first.error, second.error}
        assert errors in ({None, "RQ001"}, {None, "RQ003"}) or (end, errors) == ("rollback", {None})
        winner = first if end == "commit" and first.error is None else second
        expected = "SUCCESSFUL" if winner is first or other == COMPLETE else "FAILED"
        assert status(conn, run) == expected


def test_heartbeat_and_reclaim(conn, clock, both, every_order):
    for order, end in every_order(ENDS):
        clock.advance(hours=1)
        run = started(conn, "a")
        clock.advance(minutes=6)
        beat = "select verdict from reproq_heartbeat('w', array[%s]::bigint[], array[1]::bigint[])"
        beaten, reclaimed = both(order, Steps(beat, (run,), end), Steps("select reproq_reclaim()"))
        # What was taken back is nobody's; what was renewed is not taken back.
        assert status(conn, run) == ("READY" if reclaimed.rows == [(1,)] else "RUNNING")
        if order[:2] == [0, 0]:
            assert beaten.rows == [("held",)]
            assert reclaimed.rows == [(0 if end == "commit" else 1,)]
        elif order[:2] == [1, 1]:
            assert beaten.rows == [("lost",)]
