"""Enqueue in each isolation level, on a snapshot that may be older than what it meets (I5)."""

import pytest

from tests.isolation.queue import CANCEL, COMPLETE, ENDS, ENQUEUE, enqueue, started, status
from tests.isolation.schedules import Steps, orders
from tests.races.sessions import value

LEVELS = ["read committed", "repeatable read", "serializable"]
# The enqueue takes its snapshot in a step of its own.
ORDERS = list(orders(3, 2))
LIVE = "select array_agg(result_id) from task_runs where finished_at is null"

pytestmark = [pytest.mark.parametrize("level", LEVELS), pytest.mark.parametrize("end", ENDS)]


def places(order, which):
    """Where the steps of one of the two stand."""
    return [place for place, stepping in enumerate(order) if stepping == which]


def right_or_40001(outcome, level):
    """Whether it was given an answer; if not, it was told to try again."""
    if outcome.error is None:
        return True
    assert (outcome.error, level != "read committed") == ("40001", True)
    return False


def test_enqueue_and_enqueue_of_one_hash(conn, both, every_order, level, end):
    for order, _ in every_order([end], ORDERS):
        first, second = both(order, Steps(ENQUEUE, level=level), Steps(ENQUEUE, end=end))
        assert second.error is None
        if right_or_40001(first, level):
            assert value(conn, LIVE) == [first.rows[0][0]]
            assert end == "rollback" or first.rows == second.rows
        else:
            assert value(conn, LIVE) == (None if end == "rollback" else [second.rows[0][0]])


def test_enqueue_and_the_end_of_its_twin(conn, both, every_order, level, end):
    for order, _ in every_order([end], ORDERS):
        run = started(conn, "x")
        enqueued, completed = both(order, Steps(ENQUEUE, level=level), Steps(COMPLETE, (run,), end))
        assert completed.error is None
        if right_or_40001(enqueued, level):
            [(own,)] = enqueued.rows
            # Its twin, if that was live during the call, or a run of its own (I4).
            assert own == run or value(conn, LIVE) == [own]
            assert own == run or end == "commit"
            ended_before = end == "commit" and places(order, 1)[-1] < places(order, 0)[1]
            assert not (ended_before and own == run)


def test_enqueue_and_the_cancellation_of_its_twin(conn, both, every_order, level, end):
    for order, _ in every_order([end], ORDERS):
        run = enqueue(conn, "x")
        enqueued, cancelled = both(order, Steps(ENQUEUE, level=level), Steps(CANCEL, (run,), end))
        assert cancelled.error is None
        if right_or_40001(enqueued, level):
            [(own,)] = enqueued.rows
            assert own == run or value(conn, LIVE) == [own]
            assert own == run or end == "commit"
        assert status(conn, run) == ("CANCELLED" if end == "commit" else "READY")
