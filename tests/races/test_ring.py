"""The ring of the line where transactions commit, stay open, and hold an old snapshot."""

import random
import time

import pytest

from tests.harness.machine import NEWEST
from tests.races.sessions import in_background, together, value

CURRENT = """
insert into reproq_ring (current) values (%s)
on conflict (only_row) do update set current = excluded.current
"""
LINE_UP = """
insert into task_runs (spec_json, spec_hash, dedup, queue_name, priority)
select '{"task_path": "a.b"}', 'h' || n, false, %s, %s from generate_series(1, %s) n
"""
DEAD = """
insert into reproq_ready (ring, queue_name, claim_order, result_id)
select coalesce((select current from reproq_ring), 0), 'default', n, n
from generate_series(1, 6000) n
"""
TICKETS = "select count(*), count(distinct result_id) from reproq_ready where queue_name = %s"


def counted(conn):
    """Postgres counts dead tickets by what sessions report now and then: let it be now."""
    if conn.info.server_version >= 150000:
        conn.execute("select pg_stat_force_next_flush()")
    else:
        time.sleep(1.1)
    conn.execute("select pg_stat_clear_snapshot()")


def wear_out(conn):
    """As many dead tickets in the current partition as make the next tick turn the ring."""
    conn.execute(DEAD)
    conn.execute("delete from reproq_ready where queue_name = 'default' and result_id <= 6000")
    counted(conn)


def tick(conn):
    return conn.execute("select moved, rotated from reproq_tick()").fetchone()


def current(conn):
    return value(conn, "select coalesce((select current from reproq_ring), 0)")


def pages(conn):
    """Pages that a claim of a batch touches; it is not kept."""
    claim = "select * from reproq_claim('w', '{default}', 10)"
    with conn.transaction(force_rollback=True):
        plan = conn.execute(f"explain (analyze, buffers, format json) {claim}").fetchone()[0][0][
            "Plan"
        ]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.fixture
def conn(conn):
    # Ids of runs begin above those of the tickets that wear a partition out.
    conn.execute("alter sequence task_runs_result_id_seq restart 1000001")
    return conn


@pytest.fixture
def old_snapshot(make_conn):
    """A session because of which vacuum may remove nothing."""

    def hold():
        session = make_conn(autocommit=False)
        session.execute("set transaction isolation level repeatable read")
        session.execute("select 1")
        return session

    return hold


def test_the_ring_turns_for_ever_under_an_old_snapshot(conn, old_snapshot):
    conn.execute(LINE_UP, ["default", -1, 10])
    old_snapshot()
    before, visited = pages(conn), []
    for _ in range(4):
        wear_out(conn)
        tick(conn)
        visited.append(current(conn))
        assert tick(conn)[1] <= 1
    assert visited == [1, 2, 0, 1]
    # What was left behind came along, and a claim reads past no more than it did.
    assert conn.execute(TICKETS, ["default"]).fetchone() == (10, 10)
    assert pages(conn) <= before + 100


def test_a_paused_queue_in_every_partition_does_not_stop_the_ring(conn, old_snapshot):
    turn_beside_a_backlog(conn, old_snapshot, 6_000)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_nor_does_one_with_100_000_tickets_in_each(conn, old_snapshot, server):
    turn_beside_a_backlog(conn, old_snapshot, 100_000)


def turn_beside_a_backlog(conn, old_snapshot, backlog):
    conn.execute("select reproq_pause_queue('paused')")
    for part in range(3):
        conn.execute(CURRENT, [part])
        conn.execute(LINE_UP, ["paused", 0, backlog])
    conn.execute(LINE_UP, ["default", 0, 10])
    counted(conn)
    old_snapshot()
    before, moved = pages(conn), 0
    # It comes together in one partition, each ticket moving once, and the other two are free.
    for _ in range(2):
        for _ in range(2 * backlog // 10_000 + 5):
            moved += tick(conn)[0]
        wear_out(conn)
    assert moved <= 2 * backlog + 10
    turns = []
    for _ in range(6):
        wear_out(conn)
        assert sum(tick(conn)[0] for _ in range(3)) <= 10, "the backlog stands still"
        turns.append(current(conn))
    assert turns[:2] == turns[2:4] == turns[4:]
    assert turns[0] != turns[1]
    assert conn.execute(TICKETS, ["paused"]).fetchone() == (3 * backlog, 3 * backlog)
    assert pages(conn) <= before + 100
    conn.execute("select reproq_resume_queue('paused')")
    assert len(conn.execute("select 1 from reproq_claim('w', '{paused}', 100)").fetchall()) == 100


def test_an_enqueue_that_stays_open_holds_up_its_own_partition_only(conn, make_conn):
    late = make_conn(autocommit=False)
    run = value(late, "select reproq_enqueue('a.late')")
    time.sleep(0.25)  # longer than a truncation waits for
    used = []
    for _ in range(6):
        wear_out(conn)
        tick(conn)
        used.append(current(conn))
        tick(conn)
    assert used == [1, 2, 1, 2, 1, 2], "the ring turns between the other two"
    assert value(conn, "select _reproq_ring_bytes(0::smallint)") > 0
    assert conn.execute("select 1 from reproq_claim('w')").fetchall() == []
    late.commit()
    assert conn.execute("select result_id from reproq_claim('w')").fetchall() == [(run,)]
    while tick(conn)[1]:
        pass
    assert value(conn, "select _reproq_ring_bytes(0::smallint)") == 0


def test_transactions_that_follow_one_another_do_not_stop_the_ring(conn, make_conn):
    # As a saturated worker's do: on the line there is always one that is older than 20 ms.
    sessions = [make_conn(autocommit=False) for _ in range(2)]
    drained = []

    def work(number):
        if number < 2:
            time.sleep(0.03 * number)
            while not drained:
                sessions[number].execute("select 1 from reproq_ready limit 1")
                time.sleep(0.06)
                sessions[number].commit()
            return
        wear_out(conn)
        give_up_at = time.monotonic() + 20
        while not tick(conn)[1] and time.monotonic() < give_up_at:
            time.sleep(0.1)
        drained.append(value(conn, "select _reproq_ring_bytes(0::smallint)"))

    together(3, work)
    assert drained == [0]


def test_claims_beside_a_ring_that_turns_start_each_run_once(conn, make_conn):
    for part in range(3):
        conn.execute(CURRENT, [part])
        conn.execute(LINE_UP, ["default", 0, 700])
    sessions = [make_conn() for _ in range(5)]
    drained = []

    def work(number):
        session, taken = sessions[number], []
        if number == 0:
            while not drained:
                session.execute(CURRENT, [random.randrange(3)])
                tick(session)
            return taken
        claim = "select result_id, lease_no from reproq_claim('w', max_tasks => 9)"
        # A claim passes over the tickets that are just being moved.
        while len(taken) < 2100 and value(session, "select count(*) from reproq_ready"):
            taken += session.execute(claim).fetchall()
        drained.append(number)
        return taken

    rows = [row for taken in together(5, work) for row in taken]
    assert len({run for run, _ in rows}) == len(rows) == 2100
    assert {lease_no for _, lease_no in rows} == {1}


def test_a_truncation_that_waits_holds_nothing_that_another_may_wait_for(conn, make_conn):
    for number in range(2):
        conn.execute("select reproq_enqueue('a.b', %s::jsonb, lock_key => 'l')", [f"[{number}]"])
    conn.execute("select 1 from reproq_claim('w', max_tasks => 2)")
    # A lost run, whose gate a tick takes; tickets to move on; a partition that is drained.
    conn.execute("update reproq_leases set leased_until = _reproq_now() - interval '1 s'")
    conn.execute(LINE_UP, ["default", 0, 10])
    conn.execute(CURRENT, [1])
    wear_out(conn)
    conn.execute(CURRENT, [2])
    user = make_conn()
    user.execute("set deadlock_timeout = '1ms'")
    with user.transaction():
        user.execute("lock table reproq_ready in access share mode")
        ticking = in_background(make_conn(), "select 1 from reproq_tick()")
        user.execute("select pg_advisory_xact_lock(hashtextextended('lock:l', 0))")
        user.execute("select 1 from reproq_ready for update")
    assert ticking.result() == [(1,)]
