"""Claims beside claims, cancellations and a user's own locks."""

import json
import random

import psycopg
import pytest

from tests.races.sessions import deadlocks, in_background, together, value


def enqueue(conn, count, **options):
    specs = [{"task_path": "a.b", "args": [n], **options} for n in range(count)]
    rows = conn.execute("select * from reproq_enqueue_many(%s)", [json.dumps(specs)]).fetchall()
    return [row[0] for row in rows]


def claim(conn, worker="w", count=1):
    rows = conn.execute(
        "select result_id, lease_no from reproq_claim(%s, max_tasks => %s)", [worker, count]
    ).fetchall()
    return rows


def test_two_claims_at_once_take_different_runs(conn, make_conn):
    ids = enqueue(conn, 2)
    first, second = make_conn(autocommit=False), make_conn(autocommit=False)
    taken = [run for session in (first, second) for run, _ in claim(session)]
    first.commit()
    second.commit()
    assert sorted(taken) == ids


def test_a_claim_rolled_back_gives_its_runs_back(conn, make_conn):
    [run] = enqueue(conn, 1)
    lost = make_conn(autocommit=False)
    claim(lost)
    lost.rollback()
    assert claim(conn) == [(run, 1)]


@pytest.mark.parametrize("runs", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_eight_claimers_start_each_run_once(conn, make_conn, runs):
    ids = [run for _ in range(runs // 2000) for run in enqueue(conn, 2000, dedup=False)]
    sessions = [make_conn() for _ in range(8)]

    def drain(number):
        taken = []
        while rows := claim(sessions[number], f"w{number}", 20):
            taken += rows
        return taken

    rows = [row for taken in together(8, drain) for row in taken]
    assert sorted(run for run, _ in rows) == ids
    assert {lease_no for _, lease_no in rows} == {1}
    assert value(conn, "select count(*) from reproq_leases") == runs


def test_an_uncommitted_enqueue_is_not_claimed_and_does_not_hold_up_a_claim(conn, make_conn):
    open_transaction = make_conn(autocommit=False)
    enqueue(open_transaction, 1, priority=10)
    [run] = enqueue(conn, 1)
    assert claim(conn) == [(run, 1)]
    assert claim(conn) == []
    open_transaction.rollback()
    assert claim(conn) == []


def test_a_record_that_a_user_has_locked_holds_up_nobody_else(conn, make_conn):
    first, second, third = enqueue(conn, 3)
    user = make_conn(autocommit=False)
    user.execute("select * from task_runs where result_id = %s for update", [first])
    conn.execute("set lock_timeout = '1s'")
    assert claim(conn) == [(second, 1)]
    assert claim(conn, count=10) == [(third, 1)]
    user.rollback()
    assert claim(conn) == [(first, 1)]


@pytest.mark.parametrize("options", [{}, {"run_in": 60}, {"lock_key": "l"}])
def test_an_open_transaction_that_points_at_a_run_does_not_hide_it(conn, make_conn, clock, options):
    conn.execute("create table invoice (run_id bigint references task_runs)")
    first, second = enqueue(conn, 2, **options)
    user = make_conn(autocommit=False)
    user.execute("insert into invoice values (%s), (%s)", [first, second])
    conn.execute("set lock_timeout = '1s'")
    clock.advance(minutes=1)
    assert claim(conn) == [(first, 1)]
    # With a lock, the second one is parked and woken again beside the user's transaction.
    claim(conn)
    conn.execute("select reproq_complete(%s, 1)", [first])
    claim(conn)
    assert value(conn, "select status from task_runs where result_id = %s", [second]) == "RUNNING"
    user.rollback()


def test_a_parked_run_that_a_user_has_locked_holds_up_nobody(conn, make_conn):
    first, second = enqueue(conn, 2, lock_key="l")
    assert claim(conn, count=2) == [(first, 1)]
    user = make_conn(autocommit=False)
    user.execute("select * from task_runs where result_id = %s for update", [second])
    conn.execute("set lock_timeout = '1s'")
    conn.execute("select reproq_complete(%s, 1)", [first])
    [third] = enqueue(conn, 1, lock_key="l", concurrency_key="other")
    assert claim(conn, count=2) == [(third, 1)]
    user.rollback()
    conn.execute("select reproq_complete(%s, 1)", [third])
    assert claim(conn) == [(second, 1)]


@pytest.mark.parametrize(
    "gate", [{"lock_key": "l"}, {"concurrency_key": "k", "concurrency_limit": 1}]
)
def test_a_running_record_that_another_program_inserts_takes_its_place(conn, make_conn, gate):
    other = make_conn(autocommit=False)
    columns = {"status": "RUNNING", "dedup": False, "spec_json": '{"task_path": "a.b"}', **gate}
    other.execute(
        f"insert into task_runs ({', '.join(columns)}) values ({', '.join(['%s'] * len(columns))})",
        list(columns.values()),
    )
    enqueue(conn, 1, **gate)
    conn.execute("set lock_timeout = '1s'")
    assert claim(conn) == []
    other.commit()
    assert claim(conn) == []
    assert value(conn, "select count(*) from reproq_blocked") == 1


@pytest.mark.parametrize("claimer_commits", [True, False])
def test_a_cancel_waits_for_the_claim_under_way(conn, make_conn, claimer_commits):
    [run] = enqueue(conn, 1)
    claiming = make_conn(autocommit=False)
    claim(claiming)
    cancelling = in_background(make_conn(), "select reproq_cancel(%s)", [run])
    if claimer_commits:
        claiming.commit()
        assert cancelling.result() == [("RUNNING",)]
        assert value(conn, "select cancel_requested from task_runs")
    else:
        claiming.rollback()
        assert cancelling.result() == [("CANCELLED",)]
        assert claim(conn) == []


def test_a_claim_passes_over_the_run_that_is_being_cancelled(conn, make_conn):
    first, second = enqueue(conn, 2)
    cancelling = make_conn(autocommit=False)
    cancelling.execute("select reproq_cancel(%s)", [first])
    assert claim(conn, count=5) == [(second, 1)]
    cancelling.rollback()
    assert claim(conn, count=5) == [(first, 1)]


@pytest.mark.parametrize("ending", ["fail", "release", "complete"])
def test_an_outcome_that_waited_for_a_cancel_obeys_it(conn, make_conn, ending):
    [run] = enqueue(conn, 1)
    [(_, lease_no)] = claim(conn)
    cancelling = make_conn(autocommit=False)
    cancelling.execute("select reproq_cancel(%s)", [run])
    outcome = [{"result_id": run, "lease_no": lease_no, "outcome": ending}]
    finishing = in_background(
        make_conn(), "select accepted, status from reproq_finish('w', %s)", [json.dumps(outcome)]
    )
    cancelling.commit()
    expected = "SUCCESSFUL" if ending == "complete" else "CANCELLED"
    assert finishing.result() == [(True, expected)]


def test_a_lost_lease_with_a_cancel_requested_ends_cancelled(conn, clock):
    [run] = enqueue(conn, 1)
    claim(conn)
    conn.execute("select reproq_cancel(%s)", [run])
    clock.advance(minutes=6)
    assert value(conn, "select reproq_reclaim()") == 1
    assert value(conn, "select status from task_runs") == "CANCELLED"


def test_cancelling_against_claiming_in_a_tight_loop_never_deadlocks(conn, make_conn):
    before = deadlocks(conn)
    sessions = [make_conn() for _ in range(4)]
    ids = enqueue(conn, 400)

    def work(number):
        session = sessions[number]
        if number % 2:
            for run in random.sample(ids, 200):
                session.execute("select reproq_cancel(%s)", [run])
            return
        while rows := claim(session, f"w{number}", 7):
            outcomes = [
                {
                    "result_id": run,
                    "lease_no": lease_no,
                    "outcome": random.choice(["fail", "release"]),
                }
                for run, lease_no in rows
            ]
            session.execute("select * from reproq_finish('w', %s)", [json.dumps(outcomes)])
            if random.random() < 0.02:
                break

    together(4, work)
    assert deadlocks(conn) == before


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
@pytest.mark.parametrize(
    "statement",
    [
        "select * from reproq_claim('w')",
        "select * from reproq_finish('w', '[]')",
        "select reproq_complete(1, 1)",
        "select reproq_fail(1, 1, '{}')",
        "select reproq_release(1, 1)",
        "select reproq_cancel(1)",
        "select reproq_retry(1)",
        "select reproq_reclaim()",
        "select * from reproq_tick()",
    ],
)
def test_what_frees_or_wakes_refuses_an_old_snapshot(make_conn, level, statement):
    session = make_conn(autocommit=False)
    session.execute(f"set transaction isolation level {level}")
    with pytest.raises(psycopg.Error) as refused:
        session.execute(statement)
    assert refused.value.sqlstate == "25000"
