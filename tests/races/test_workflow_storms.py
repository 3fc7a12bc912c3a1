"""Storms around workflows; each must notice what a naive queue gets wrong."""

import json
import time
from collections import Counter

import psycopg
import pytest

from tests.harness.machine import NEWEST
from tests.races import naive
from tests.races.sessions import deadlocks, together, value
from tests.races.storm import sampled, storm


def outcomes(rows, outcome="complete", **more):
    return json.dumps(
        [{"result_id": run, "lease_no": no, "outcome": outcome, **more} for run, no in rows]
    )


def chord(conn, size):
    nodes = [{"task_path": "a.b", "args": [n], "key": f"m{n}"} for n in range(size)]
    nodes.append(
        {
            "task_path": "a.c",
            "queue": "callbacks",
            "key": "callback",
            "after": [node["key"] for node in nodes],
        }
    )
    rows = conn.execute(
        "select key, result_id from reproq_enqueue_workflow(%s, 'callback')", [json.dumps(nodes)]
    ).fetchall()
    claimed = dict(
        conn.execute(
            "select result_id, lease_no from reproq_claim('w', max_tasks => 1000)"
        ).fetchall()
    )
    *members, (_, callback) = rows
    return [(run, claimed[run]) for _, run in members], callback


def complete_at_once(sessions, members):
    """Every session completes its share one by one, all of them at the same time."""

    def work(number):
        for run, lease_no in members[number :: len(sessions)]:
            sessions[number].execute("select reproq_complete(%s, %s)", [run, lease_no])

    together(len(sessions), work)


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_chord_of_500_is_released_once_by_its_last_member(conn, make_conn, times):
    sessions = [make_conn() for _ in range(16)]
    for _ in range(times):
        members, callback = chord(conn, 500)
        early, started = sampled("select result_id from reproq_claim('early', '{callbacks}')")
        watcher = make_conn()
        complete_at_once(sessions, members[:-1])
        early(watcher)
        assert started == [], "released too early"
        conn.execute("select reproq_complete(%s, %s)", members[-1])
        early(watcher)
        early(watcher)
        assert started == [(callback,)]


def stranded_chords(conn, make_conn, times):
    """Of chords of four whose members finish at the same time, the first whose callback waits."""
    sessions = [make_conn() for _ in range(4)]
    for _ in range(times):
        complete_at_once(sessions, chord(conn, 4)[0])
        if stranded := value(conn, "select count(*) from task_runs where status = 'WAITING'"):
            return stranded
    return 0


def test_members_that_finish_at_the_same_time_release_their_callback(conn, make_conn):
    assert stranded_chords(conn, make_conn, 100) == 0
    assert value(conn, "select count(*) from reproq_ready where queue_name = 'callbacks'") == 100


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_a_count_without_a_lock_strands_callbacks(conn, make_conn, server):
    conn.execute(naive.RELEASE)
    assert stranded_chords(conn, make_conn, 3000) > 0


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_a_cancel_that_takes_the_record_first_deadlocks(conn, make_conn, server):
    conn.execute(naive.CANCEL)
    running = "select result_id from reproq_leases order by random() limit 1"
    refused = []

    def finish(conn):
        rows = conn.execute(
            "select result_id, lease_no from reproq_claim('w', max_tasks => 5)"
        ).fetchall()
        try:
            conn.execute("select * from reproq_finish('w', %s)", [outcomes(rows, "release")])
        except psycopg.errors.DeadlockDetected:
            refused.append(rows)

    def cancel(conn):
        for (run,) in conn.execute(running).fetchall():
            try:
                conn.execute("select naive_cancel(%s)", [run])
            except psycopg.errors.DeadlockDetected:
                refused.append(run)

    conn.execute(
        "select * from reproq_enqueue_many((select jsonb_agg(jsonb_build_object("
        "'task_path', 'a.b', 'dedup', false)) from generate_series(1, 20)))"
    )
    storm(make_conn, 20, finish, finish, cancel, cancel, until=lambda: refused)
    assert refused


def test_whatever_happens_to_a_workflow_at_once_nothing_deadlocks(conn, make_conn):
    before = deadlocks(conn)
    done = Counter()

    def workflow(conn):
        """A layered graph in which everything depends on something of the layer before."""
        nodes = [
            {
                "task_path": "a.b",
                "key": f"{layer}-{n}",
                "after": [f"{layer - 1}-{m}" for m in range(4) if layer and (m + n) % 3],
                "max_attempts": 1,
                "lock_key": f"l{n}" if layer % 2 else None,
            }
            for layer in range(4)
            for n in range(4)
        ]
        conn.execute("select * from reproq_enqueue_workflow(%s)", [json.dumps(nodes)])
        done["workflows"] += 1
        time.sleep(0.02)

    def finish(outcome):
        def work(conn):
            rows = conn.execute(
                "select result_id, lease_no from reproq_claim('w', max_tasks => 6, lease => '1 s')"
            ).fetchall()
            conn.execute(
                "select * from reproq_finish('w', %s)", [outcomes(rows[1:], outcome, retry=False)]
            )
            done[outcome] += len(rows)

        return work

    def a_run(conn, *statuses):
        found = conn.execute(
            "select result_id from task_runs where status = any(%s) order by random() limit 1",
            [list(statuses)],
        ).fetchall()
        return [row[0] for row in found]

    def call(statement, *statuses):
        def work(conn):
            for run in a_run(conn, *statuses):
                try:
                    conn.execute(statement, [run])
                    done[statement] += 1
                except conn.Error as error:
                    # It is not what it was when it was chosen.
                    if error.sqlstate not in ("RQ002", "RQ003"):
                        raise
            time.sleep(0.005)

        return work

    def keep_time(conn):
        conn.execute("select * from reproq_tick()")
        conn.execute("select reproq_prune('{SUCCESSFUL}', interval '0.3 s', 20)")
        time.sleep(0.02)

    storm(
        make_conn,
        4,
        workflow,
        finish("complete"),
        finish("complete"),
        finish("fail"),
        call("select reproq_cancel(%s)", "READY", "WAITING", "BLOCKED"),
        call("select reproq_retry(%s)", "FAILED", "CANCELLED"),
        keep_time,
        keep_time,
    )
    assert deadlocks(conn) == before
    assert len(done) == 5
    assert min(done.values()) > 0
