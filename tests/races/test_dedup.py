"""Enqueues of the same spec from several sessions: one live run, an id for everybody."""

import json

import psycopg
import pytest

from tests.races.sessions import in_background, value

ENQUEUE = "select reproq_enqueue('a.b')"


@pytest.mark.parametrize("first_commits", [True, False])
def test_a_second_enqueue_waits_for_the_first_ones_transaction(conn, make_conn, first_commits):
    first = make_conn(autocommit=False)
    run = value(first, ENQUEUE)
    waiting = in_background(make_conn(), ENQUEUE)
    if first_commits:
        first.commit()
        assert waiting.result() == [(run,)]
    else:
        first.rollback()
        [(own,)] = waiting.result()
        assert own != run
    assert value(conn, "select count(*) from task_runs") == 1


@pytest.mark.parametrize("finisher_commits", [True, False])
def test_an_enqueue_that_meets_a_completion_under_way_gets_a_run_that_was_live(
    conn, make_conn, finisher_commits
):
    run = value(conn, ENQUEUE)
    conn.execute("select * from reproq_claim('w')")
    finishing = make_conn(autocommit=False)
    finishing.execute("select reproq_complete(%s, 1)", [run])
    waiting = in_background(make_conn(), ENQUEUE)
    if finisher_commits:
        finishing.commit()
        [(own,)] = waiting.result()
        assert own != run
    else:
        finishing.rollback()
        assert waiting.result() == [(run,)]


def test_an_enqueue_that_comes_first_joins_and_the_completion_goes_on(conn, make_conn):
    run = value(conn, ENQUEUE)
    conn.execute("select * from reproq_claim('w')")
    joining = make_conn(autocommit=False)
    assert value(joining, ENQUEUE) == run
    conn.execute("set lock_timeout = '1s'")
    conn.execute("select reproq_complete(%s, 1)", [run])
    joining.commit()
    assert value(conn, "select count(*) from task_runs") == 1


def test_the_callers_transaction_stays_usable_after_joining(conn, make_conn):
    run = value(conn, ENQUEUE)
    session = make_conn(autocommit=False)
    assert value(session, ENQUEUE) == run
    other = value(session, "select reproq_enqueue('a.c')")
    session.commit()
    assert value(conn, "select count(*) from task_runs where result_id = %s", [other]) == 1


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_in_every_isolation_level_an_enqueue_is_right_or_says_40001(conn, make_conn, level):
    session = make_conn(autocommit=False)
    session.execute(f"set transaction isolation level {level}")
    session.execute("select 1")
    run = value(conn, ENQUEUE)
    try:
        assert value(session, ENQUEUE) == run
        session.commit()
    except psycopg.errors.SerializationFailure:
        assert level != "read committed"
    assert value(conn, "select count(*) from task_runs") == 1


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_an_expired_twin_cannot_be_settled_on_an_old_snapshot(conn, make_conn, clock, level):
    value(conn, "select reproq_enqueue('a.b', expires_in => '1 minute')")
    clock.advance(minutes=2)
    session = make_conn(autocommit=False)
    session.execute(f"set transaction isolation level {level}")
    with pytest.raises(psycopg.errors.SerializationFailure):
        session.execute(ENQUEUE)
    session.rollback()
    conn.execute("select * from reproq_tick()")
    session.execute(f"set transaction isolation level {level}")
    value(session, ENQUEUE)
    session.commit()


def test_a_rolled_back_savepoint_takes_its_enqueue_along(make_conn, conn):
    session = make_conn(autocommit=False)
    session.execute("select 1")
    with session.transaction(force_rollback=True):
        session.execute(ENQUEUE)
    kept = value(session, "select reproq_enqueue('a.c')")
    session.commit()
    assert conn.execute("select result_id from task_runs").fetchall() == [(kept,)]


def test_a_bad_spec_leaves_nothing_of_its_batch(conn):
    specs = [{"task_path": "a.b"}, {"task_path": "a.c", "priority": "high"}]
    with pytest.raises(psycopg.Error, match=r"specs\[1\]\.priority") as refused:
        conn.execute("select * from reproq_enqueue_many(%s)", [json.dumps(specs)])
    assert refused.value.sqlstate == "22023"
    assert value(conn, "select count(*) from task_runs") == 0
