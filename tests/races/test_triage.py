"""Clearing up beside producers, operators and workers that are at it themselves."""

import psycopg
import pytest

from tests.races.sessions import deadlocks, in_background, together, value


@pytest.fixture
def failed(conn) -> list[int]:
    """Three failed runs, each of a spec of its own."""
    conn.execute(
        "select reproq_enqueue('a.b', args => jsonb_build_array(n)) from generate_series(1, 3) n"
    )
    rows = conn.execute("select result_id, lease_no from reproq_claim('w', max_tasks => 3)")
    runs = rows.fetchall()
    for run in runs:
        conn.execute("select reproq_fail(%s, %s, '{}', retry => false)", run)
    return [run for run, _ in runs]


@pytest.mark.parametrize("twin_commits", [True, False])
def test_a_twin_that_is_just_being_enqueued_stops_no_other_from_a_new_start(
    conn, make_conn, failed, twin_commits
):
    producer = make_conn(autocommit=False)
    producer.execute("select reproq_enqueue('a.b', args => '[2]')")
    retrying = in_background(make_conn(), "select * from reproq_retry_failed()")
    assert retrying.unfinished
    if twin_commits:
        producer.commit()
        first, twin, last = failed
        assert retrying.result() == [(first, "READY"), (last, "READY")]
        assert value(conn, "select reproq_cancel(%s)", [twin]) == "FAILED"
    else:
        producer.rollback()
        assert retrying.result() == [(run, "READY") for run in failed]


def test_two_operators_give_each_run_one_new_start(conn, make_conn, failed):
    sessions = [make_conn() for _ in range(4)]
    before = deadlocks(conn)
    answers = together(
        4, lambda n: sessions[n].execute("select * from reproq_retry_failed()").fetchall()
    )
    assert sorted(run for rows in answers for run, _ in rows) == failed
    assert deadlocks(conn) == before


def test_a_discard_beside_a_retry_does_not_end_the_new_start(conn, make_conn, failed):
    operator = make_conn(autocommit=False)
    operator.execute("select reproq_retry(%s)", failed[:1])
    discarding = in_background(make_conn(), "select reproq_discard(%s)", failed[:1])
    operator.commit()
    with pytest.raises(psycopg.Error, match="is READY"):
        discarding.result()
    assert value(conn, "select status from task_runs where result_id = %s", failed[:1]) == "READY"
