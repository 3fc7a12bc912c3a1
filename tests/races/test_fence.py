"""The fence: what a worker writes under an old lease number changes nothing."""

import psycopg
import pytest

from reproq_worker.call import call, call_value
from reproq_worker.errors import LeaseNotCurrent
from tests.races.sessions import in_background, value


@pytest.fixture
def cursor(conn):
    return conn.cursor()


def claim_one(cursor, worker="w", lease="5 minutes"):
    [run] = call(cursor, "claim", worker_id=worker, lease=lease)
    return run["result_id"], run["lease_no"]


def test_the_worker_that_lost_its_lease_cannot_complete_under_its_own_name(cursor, clock):
    run = call_value(cursor, "enqueue", task_path="a.b")
    _, first = claim_one(cursor)
    clock.advance(minutes=6)
    assert call_value(cursor, "reclaim") == 1
    _, second = claim_one(cursor)
    assert second > first
    with pytest.raises(LeaseNotCurrent):
        call(cursor, "complete", result_id=run, lease_no=first, return_json=1)
    outcome = {"result_id": run, "lease_no": first, "outcome": "complete", "return_json": 1}
    [answer] = call(cursor, "finish", worker_id="w", outcomes=[outcome])
    assert (answer["accepted"], answer["status"]) == (False, "RUNNING")
    call(cursor, "complete", result_id=run, lease_no=second, return_json=2)
    assert value(cursor, "select return_json from task_runs") == 2


def test_a_retry_by_an_operator_does_not_bring_an_old_number_back(cursor):
    run = call_value(cursor, "enqueue", task_path="a.b", max_attempts=1)
    _, first = claim_one(cursor)
    call(cursor, "fail", result_id=run, lease_no=first, error={"message": "x"})
    call(cursor, "retry", result_id=run)
    _, second = claim_one(cursor)
    assert second == first + 1
    with pytest.raises(LeaseNotCurrent):
        call(cursor, "fail", result_id=run, lease_no=first, error={"message": "late"})
    assert value(cursor, "select status from task_runs") == "RUNNING"


def test_a_lease_that_ran_out_may_complete_while_nobody_has_reclaimed_it(cursor, clock):
    run = call_value(cursor, "enqueue", task_path="a.b")
    _, lease_no = claim_one(cursor)
    clock.advance(minutes=6)
    call(cursor, "complete", result_id=run, lease_no=lease_no, return_json=None)
    assert call_value(cursor, "reclaim") == 0
    assert value(cursor, "select status from task_runs") == "SUCCESSFUL"


def test_reclaim_passes_over_a_lease_that_is_being_completed(cursor, make_conn, clock):
    run = call_value(cursor, "enqueue", task_path="a.b")
    _, lease_no = claim_one(cursor)
    clock.advance(minutes=6)
    completing = make_conn(autocommit=False)
    completing.execute("select reproq_complete(%s, %s)", [run, lease_no])
    assert call_value(cursor, "reclaim") == 0
    completing.commit()
    assert value(cursor, "select status from task_runs") == "SUCCESSFUL"


@pytest.mark.parametrize("reclaimer_commits", [True, False])
def test_a_completion_waits_for_the_reclaim_under_way_and_one_of_them_wins(
    cursor, make_conn, clock, reclaimer_commits
):
    run = call_value(cursor, "enqueue", task_path="a.b")
    _, lease_no = claim_one(cursor)
    clock.advance(minutes=6)
    reclaiming = make_conn(autocommit=False)
    assert value(reclaiming, "select reproq_reclaim()") == 1
    completion = in_background(make_conn(), "select reproq_complete(%s, %s)", [run, lease_no])
    if reclaimer_commits:
        reclaiming.commit()
        with pytest.raises(psycopg.Error) as refused:
            completion.result()
        assert refused.value.sqlstate == "RQ001"
        assert value(cursor, "select status from task_runs") == "READY"
    else:
        reclaiming.rollback()
        completion.result()
        assert value(cursor, "select status from task_runs") == "SUCCESSFUL"


def test_a_lease_is_renewed_while_the_task_holds_its_metadata_in_an_open_transaction(
    cursor, make_conn, clock
):
    run = call_value(cursor, "enqueue", task_path="a.b")
    _, lease_no = claim_one(cursor)
    task = make_conn(autocommit=False)
    task.execute("select reproq_save_metadata(%s, %s, '{}')", [run, lease_no])
    clock.advance(minutes=4)
    [beat] = call(cursor, "heartbeat", worker_id="w", result_ids=[run], lease_nos=[lease_no])
    assert beat["verdict"] == "held"
    task.commit()
    clock.advance(minutes=4)
    assert call_value(cursor, "reclaim") == 0
