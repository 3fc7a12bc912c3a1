"""Storms of claims, watched from outside; each must notice what a naive queue gets wrong."""

import json
import random
import time

import pytest

from tests.harness.machine import NEWEST
from tests.races import naive
from tests.races.sessions import value
from tests.races.storm import over_the_limit, sampled, storm

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
    storm(make_conn, 20, watch, *claimers, until=lambda: overbooked)
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


@pytest.mark.parametrize("seconds", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_starts_keep_to_their_rate_in_every_window(conn, make_conn, seconds):
    starts = starts_of(conn, make_conn, 50, 10, seconds)
    assert over_the_limit(starts, 50, 10) == []
    if seconds >= 10:
        # (The first starts a moment after the bucket was filled.)
        in_time = [start for start in starts if start <= starts[0] + seconds]
        assert 0.9 * 50 * seconds <= len(in_time) <= 10 + 50 * seconds + 1


@pytest.mark.slow
@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_a_bucket_that_is_not_taken_lets_too_many_start(conn, make_conn, server):
    conn.execute(naive.BUCKET)
    starts = starts_of(conn, make_conn, 50, 10, 3)
    assert over_the_limit(starts, 50, 10)
