"""Storms of clients, watched from outside; each must notice what a naive queue gets wrong."""

import json
import random
import time
from collections import Counter

import pytest

from tests.harness.machine import NEWEST
from tests.races import naive
from tests.races.sessions import deadlocks, together, value
from tests.races.storm import sampled, storm

OVERBOOKED = """
select r.concurrency_key, count(*)
from task_runs r
where r.status = 'RUNNING'
group by r.concurrency_key
having count(*) > min(r.concurrency_limit)
union all
select r.lock_key, count(*)
from task_runs r
where r.status = 'RUNNING' and r.lock_key is not null
group by r.lock_key
having count(*) > 1
"""


def enqueue(conn, specs):
    plain = {"task_path": "a.b", "dedup": False}
    rows = conn.execute(
        "select * from reproq_enqueue_many(%s)", [json.dumps([plain | spec for spec in specs])]
    ).fetchall()
    return [row[0] for row in rows]


def outcomes(rows, outcome="complete", **more):
    return json.dumps(
        [{"result_id": run, "lease_no": no, "outcome": outcome, **more} for run, no in rows]
    )


def claimer(name, claim="select result_id, lease_no from reproq_claim(%s, max_tasks => %s)"):
    """Claims a few and completes them a moment later."""

    def work(conn):
        rows = conn.execute(claim, [name, random.randint(1, 5)]).fetchall()
        time.sleep(random.random() / 200)
        if rows:
            conn.execute("select * from reproq_finish(%s, %s)", [name, outcomes(rows)])

    return work


def keyed(count):
    return [
        {"concurrency_key": f"k{n % 7}", "concurrency_limit": n % 7 % 3 + 1}
        | ({"lock_key": f"l{n % 5}"} if n % 4 == 0 else {})
        for n in range(count)
    ]


def test_no_key_ever_has_more_running_than_its_limit(conn, make_conn):
    enqueue(conn, keyed(4000))
    watch, overbooked = sampled(OVERBOOKED)
    storm(make_conn, 3, watch, *(claimer(f"w{n}") for n in range(8)))
    assert overbooked == []
    assert value(conn, "select count(*) from task_runs where status = 'SUCCESSFUL'") > 100


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_a_naive_claim_overbooks(conn, make_conn, server):
    conn.execute(naive.CLAIM)
    enqueue(conn, keyed(1000))
    watch, overbooked = sampled(OVERBOOKED)
    claimers = [claimer(f"w{n}", "select * from naive_claim(%s, %s)") for n in range(8)]
    storm(make_conn, 2, watch, *claimers)
    assert overbooked


def starts_of(conn, make_conn, rate, burst, seconds):
    """When each run was started, in seconds, by eight claimers at a limited queue."""
    conn.execute("select reproq_set_rate_limit('global', %s, %s)", [rate, burst])
    enqueue(conn, [{}] * int(2 * rate * seconds))
    storm(make_conn, seconds, *(claimer(f"w{n}") for n in range(8)))
    rows = conn.execute(
        "select extract(epoch from started_at)::float from task_runs where started_at is not null"
        " order by started_at"
    ).fetchall()
    return [row[0] for row in rows]


def over_the_limit(starts, rate, burst):
    """Windows with more starts than the burst and what came in. (A token's worth of time passes
    between the look into a bucket and the start.)"""
    return [
        (first, last)
        for i, first in enumerate(starts)
        for j, last in enumerate(starts[i:], 1)
        if j > burst + rate * (last - first) + 1
    ]


@pytest.mark.parametrize("seconds", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_starts_keep_to_their_rate_in_every_window(conn, make_conn, seconds):
    starts = starts_of(conn, make_conn, 50, 10, seconds)
    assert over_the_limit(starts, 50, 10) == []
    assert len(starts) <= 10 + 50 * (seconds + 0.5)
    if seconds >= 10:
        assert len(starts) >= 0.9 * 50 * seconds


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_a_bucket_that_is_not_taken_lets_too_many_start(conn, make_conn, server):
    conn.execute(naive.BUCKET)
    starts = starts_of(conn, make_conn, 50, 10, 3)
    assert over_the_limit(starts, 50, 10)


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


def stranded_chords(conn, make_conn):
    """Chords of four whose members finished at the same time and whose callback still waits."""
    sessions = [make_conn() for _ in range(4)]
    for _ in range(100):
        complete_at_once(sessions, chord(conn, 4)[0])
    return value(conn, "select count(*) from task_runs where status = 'WAITING'")


def test_members_that_finish_at_the_same_time_release_their_callback(conn, make_conn):
    assert stranded_chords(conn, make_conn) == 0
    assert value(conn, "select count(*) from reproq_ready where queue_name = 'callbacks'") == 100


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_a_count_without_a_lock_strands_callbacks(conn, make_conn, server):
    conn.execute(naive.RELEASE)
    assert stranded_chords(conn, make_conn) > 0


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
