"""Producers of the same specs at once; each storm must notice what a naive queue gets wrong."""

import json
import random

import psycopg
import pytest

from tests.harness.machine import NEWEST
from tests.races import naive
from tests.races.sessions import deadlocks, together, value
from tests.races.storm import sampled, storm

SPECS = 200
TWICE = """
select r.spec_hash from task_runs r where r.finished_at is null group by 1 having count(*) > 1
"""


def producer(enqueue):
    """Enqueues any of the specs, and now and then completes some."""

    def work(conn):
        run = value(conn, enqueue, [f"a.t{random.randrange(SPECS)}"])
        assert run is not None
        if random.random() < 0.2:
            claimed = "select result_id, lease_no from reproq_claim('w', max_tasks => 5)"
            for run, lease_no in conn.execute(claimed).fetchall():
                conn.execute("select reproq_complete(%s, %s)", [run, lease_no])

    return work


def test_sixteen_clients_share_one_live_run_a_spec(conn, make_conn):
    watch, twice = sampled(TWICE)
    clients = [producer("select reproq_enqueue(%s)")] * 16
    storm(make_conn, 2, watch, *clients)
    assert twice == []
    assert value(conn, "select count(*) from task_runs") > SPECS / 2


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_a_look_before_an_insert_makes_twins(conn, make_conn, server):
    conn.execute(naive.ENQUEUE)
    watch, twice = sampled(TWICE)
    clients = [producer("select min(naive_enqueue(%s))")] * 16
    storm(make_conn, 20, watch, *clients, until=lambda: twice)
    assert twice


def bulk(conn, specs, common=None):
    rows = conn.execute(
        "select result_id from reproq_enqueue_many(%s, %s)", [json.dumps(specs), common]
    )
    assert len({run for (run,) in rows.fetchall()}) == len(specs)


def calls(conn, specs):
    bulk(conn, [{"args": [spec["task_path"]]} for spec in specs], '{"task_path": "a.b"}')


def one_by_one(conn, specs):
    with conn.transaction():
        for spec in specs:
            conn.execute("select reproq_enqueue(%s)", [spec["task_path"]])


def deadlocks_of(conn, make_conn, enqueue, rounds):
    """How many there were when four clients enqueued overlapping sets, each in its own order."""
    before = deadlocks(conn)
    sessions = [make_conn() for _ in range(4)]

    def work(number):
        mine = random.Random(number)
        for _ in range(rounds):
            specs = [{"task_path": f"a.t{n}"} for n in mine.sample(range(80), 60)]
            enqueue(sessions[number], specs)

    try:
        together(4, work)
    except psycopg.errors.DeadlockDetected:
        return 1
    return deadlocks(conn) - before


@pytest.mark.parametrize("enqueue", [bulk, calls])
def test_bulks_of_overlapping_specs_in_any_order_never_deadlock(conn, make_conn, enqueue):
    assert deadlocks_of(conn, make_conn, enqueue, 15) == 0
    assert value(conn, "select count(*) from task_runs") == 80


@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_enqueues_one_by_one_in_any_order_do_and_the_other_one_wins(conn, make_conn, server):
    for _ in range(20):
        if deadlocks_of(conn, make_conn, one_by_one, 1):
            break
        conn.execute("delete from task_runs")
    else:
        pytest.fail("the storm of bulks proves nothing")
    assert value(conn, "select count(*) from task_runs") >= 60
