"""Chains and chords go on where they stood, and all that was adopted comes to its end."""

import pytest

from tests.adoption.layouts import LAYOUTS
from tests.adoption.rows import CHORD, FAILED_CHORD, GROUP, HALF_DONE
from tests.harness.clock import Clock


@pytest.mark.parametrize("layout", ["sql", "django"])
def test_chains_and_chords_become_edges(old, layout):
    database = old(layout, workflows=True)
    hashes = database.runs("spec_hash::text")
    database.adopt()
    names = {result_id: name for name, result_id in database.ids.items()}
    edges = [
        (names[row[0]], names[row[1]])
        for row in database.execute("select result_id, waits_for from reproq_edges order by 1, 2")
    ]
    assert edges == [
        ("chain 2", "chain 1"),
        ("chain 3", "chain 2"),
        ("left 2", "left 1"),
        ("broken 2", "broken 1"),
        ("broken 3", "broken 2"),
        *(("callback", f"chord {i}") for i in range(3)),
        ("after", "callback"),
        *(("half 2", f"half {i}") for i in range(2)),
        *(("bad callback", f"bad {i}") for i in range(2)),
    ]
    # What the old workers had left half done is settled as ours settle it.
    assert {
        n: s for n, s in database.runs().items() if n.startswith(("left", "broken", "orph"))
    } == {
        "left 1": "SUCCESSFUL",
        "left 2": "READY",
        "broken 1": "FAILED",
        "broken 2": "FAILED",
        "broken 3": "FAILED",
        "orphan": "FAILED",
    }
    assert database.runs("errors_json #>> '{0,kind}'")["orphan"] == "workflow_failed"
    database.execute("select reproq_retry(%s)", database.ids["broken 1"])
    assert [database.runs()[f"broken {i}"] for i in (1, 2, 3)] == ["READY", "WAITING", "WAITING"]
    assert {
        str(row[0]): row[1:]
        for row in database.execute(
            "select workflow_id, expected_count, success_count, failure_count, status"
            " from workflow_runs"
        )
    } == {
        GROUP: (2, 0, 0, "RUNNING"),
        # Who comes after the callback counts as a member, as in a workflow of ours.
        CHORD: (4, 0, 0, "RUNNING"),
        HALF_DONE: (2, 1, 0, "RUNNING"),
        FAILED_CHORD: (2, 1, 1, "FAILED"),
    }
    assert database.runs("spec_hash::text") == hashes


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_runs_are_worked_to_their_ends(old, layout):
    database = old(layout, full=True, workflows=layout != "arrays")
    database.adopt()
    clock = Clock(database.dsn)
    names = {result_id: name for name, result_id in database.ids.items()}
    started = []
    # Past what was delayed, and past the leases of workers that never come back.
    for _ in range(20):
        clock.advance(minutes=10)
        database.execute("select reproq_tick()")
        while rows := database.execute(
            "select result_id, lease_no from reproq_claim('w', '{default,mail}', 10)"
        ).fetchall():
            for result_id, lease_no in rows:
                started.append(names[result_id])
                database.execute("select reproq_complete(%s, %s, '1')", result_id, lease_no)
    clock.close()

    assert database.value("select count(*) from task_runs where finished_at is null") == 0
    assert len(started) == len(set(started))
    ended = database.runs()
    unsuccessful = {name for name, status in ended.items() if status != "SUCCESSFUL"}
    assert unsuccessful <= {
        "to be cancelled", "cancelling", "cancelled", "expired", "failed", "failed somehow",
        "same as before", "broken 1", "broken 2", "broken 3", "orphan", "bad 0", "bad callback",
    }  # fmt: skip
    assert unsuccessful.isdisjoint(started)
    assert set(started) >= {"running", "lost", "without a lease", "key 2", "lock 2", "delayed"}
    if layout != "arrays":
        order = [
            name for name in started if name.split()[0] in ("chain", "chord", "callback", "after")
        ]
        assert [name for name in order if name.startswith("chain")] == [
            f"chain {i}" for i in (1, 2, 3)
        ]
        assert {*(f"chord {i}" for i in range(3))} == {
            name for name in order[: order.index("callback")] if name.startswith("chord")
        }
        assert order.index("callback") < order.index("after")
        assert started.index("half 1") < started.index("half 2")
        assert database.value(
            "select jsonb_agg(return_json order by predecessor_id)"
            " from reproq_predecessor_results(%s)", database.ids["half 2"]
        ) == [1, 1]  # fmt: skip
