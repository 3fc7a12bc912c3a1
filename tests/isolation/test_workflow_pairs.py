"""Calls that meet at one workflow, in every order of their steps."""

import json
from itertools import combinations_with_replacement

import pytest

from tests.harness.machine import NEWEST
from tests.isolation.queue import CANCEL, CLAIM, COMPLETE, ENDS, FAIL, status, workflow
from tests.isolation.schedules import Outcome, Steps
from tests.races.sessions import value


@pytest.mark.parametrize("statement", [COMPLETE, FAIL])
def test_two_members_of_one_chord_end(conn, both, every_order, statement):
    for order, end in every_order(ENDS):
        runs = workflow(conn, a="", b="", callback="ab")
        both(
            order,
            Steps(COMPLETE, (runs["a"],)),
            Steps(statement, (runs["b"],), end),
        )
        if end == "rollback":
            assert status(conn, runs["callback"]) == "WAITING"
            conn.execute(statement, [runs["b"]])
        expected = "FAILED" if "fail" in statement else "READY"
        assert status(conn, runs["callback"]) == expected


def test_workflow_and_claim(conn, both, every_order):
    for order, end in every_order(ENDS):
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


@pytest.mark.parametrize("statement", [COMPLETE, FAIL])
def test_a_retry_meets_the_end_of_another_predecessor(conn, both, every_order, statement):
    for order, end in every_order(ENDS):
        runs = workflow(conn, a="", b="", callback="ab")
        conn.execute(FAIL, [runs["a"]])
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


# What may happen to a diamond whose first run has succeeded and whose arms b and c are running.
CALLS = {
    "complete b": lambda runs: Steps(COMPLETE, (runs["b"],)),
    "complete c": lambda runs: Steps(COMPLETE, (runs["c"],)),
    "fail b": lambda runs: Steps(FAIL, (runs["b"],)),
    "fail c for now": lambda runs: Steps("select reproq_fail(%s, 1, '{}')", (runs["c"],)),
    "cancel c": lambda runs: Steps(CANCEL, (runs["c"],)),
    "cancel d": lambda runs: Steps(CANCEL, (runs["d"],)),
    "cancel all": lambda runs: Steps(
        "select * from reproq_cancel_workflow((select workflow_id from task_runs"
        " where result_id = %s))",
        (runs["a"],),
    ),
    "retry broken": lambda runs: Steps("select reproq_retry(%s)", (runs["broken"],)),
    "retry all": lambda runs: Steps(
        "select * from reproq_retry_workflow((select workflow_id from task_runs"
        " where result_id = %s))",
        (runs["a"],),
    ),
    "reclaim": lambda runs: Steps("select reproq_reclaim()"),
    "tick": lambda runs: Steps("select * from reproq_tick()"),
    "prune": lambda runs: Steps("select reproq_prune('{SUCCESSFUL,FAILED,CANCELLED}', '0')"),
    "delete a": lambda runs: Steps(
        "delete from task_runs where result_id = %s returning 1", (runs["a"],)
    ),
}
UNFINISHED = "select count(*) from task_runs where finished_at is null"


# In the normal run those that end runs, wait for none of the others' locks by luck, or delete.
OFTEN = ("complete b", "fail b", "cancel c", "cancel all", "retry broken", "reclaim", "prune")
PAIRS = [
    pytest.param(*pair, marks=() if set(pair) <= set(OFTEN) else pytest.mark.slow)
    for pair in combinations_with_replacement(CALLS, 2)
]


@pytest.mark.parametrize("server", [NEWEST], indirect=True)
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_calls_on_one_workflow_never_deadlock_nor_strand_a_run(
    conn, clock, both, every_order, server, one, other
):
    for order, _ in every_order(["commit"]):
        runs = diamond(conn, clock)
        outcomes = both(order, CALLS[one](runs), CALLS[other](runs))
        assert {outcome.error for outcome in outcomes} <= {None, "RQ001", "RQ002", "RQ003"}
        drain(conn, clock)
        assert value(conn, UNFINISHED) == 0


def diamond(conn, clock):
    """b and c after a, d after both, e after d; b and c run, their leases are over, and a member
    aside is broken."""
    clock.advance(hours=1)
    runs = workflow(conn, a="", b="a", c="a", d="bc", e="d", broken="")
    conn.execute(COMPLETE, [runs["a"]])
    conn.execute(FAIL, [runs["broken"]])
    conn.execute(CLAIM)
    clock.advance(minutes=6)
    return runs


def drain(conn, clock):
    """Complete whatever may still run."""
    for _ in range(9):
        if value(conn, UNFINISHED) == 0:
            break
        clock.advance(hours=1)
        conn.execute("select * from reproq_tick()")
        conn.execute(CLAIM)
        conn.execute(
            "select * from reproq_finish('w', (select coalesce(jsonb_agg(jsonb_build_object("
            "'result_id', result_id, 'lease_no', lease_no, 'outcome', 'complete')), '[]')"
            " from reproq_leases))"
        )
