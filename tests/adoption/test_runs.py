"""Runs that an adopted database was full of keep their ids and their meaning."""

import psycopg
import pytest

from reproq_worker.install import install, script
from tests.adoption.layouts import LAYOUTS

TICKETS = """
    status || coalesce((
        select string_agg(' ' || t.kind, '') from (
            select result_id, 'in line' as kind from reproq_ready
            union all select result_id, 'later' from reproq_scheduled
            union all select result_id, 'blocked' from reproq_blocked
            union all select result_id, 'leased' from reproq_leases
        ) t where t.result_id = task_runs.result_id
    ), '')
"""
KEPT = """
    row(backend_alias, queue_name, priority, run_after, spec_json, spec_hash::text, started_at,
        last_attempted_at, timeout_seconds, attempts, lock_key, concurrency_key,
        concurrency_limit, to_jsonb(worker_ids), return_json, errors_json, metadata_json,
        last_error, expires_at, parent_id, created_at, enqueued_at)::text
"""
EXPECTED = {
    "delayed": "SCHEDULED later",
    "retried": "SCHEDULED later",
    "to be cancelled": "CANCELLED",
    "done": "SUCCESSFUL",
    "null": "SUCCESSFUL",
    "failed": "FAILED",
    "failed somehow": "FAILED",
    "same as before": "FAILED",
    "cancelled": "CANCELLED",
    **dict.fromkeys(["running", "lost", "without a lease", "cancelling"], "RUNNING leased"),
    **{f"{kind} {i}": "RUNNING leased" for kind in ("key", "lock") for i in range(3)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keep_their_ids_and_stand_where_they_stood(old, layout):
    database = old(layout, full=True)
    before = database.runs(KEPT)
    ended = database.runs("coalesce(finished_at, failed_at, updated_at)")
    highest = max(database.ids.values())
    database.adopt()

    assert database.value("select count(*) from task_runs") == len(database.ids)
    assert database.runs(TICKETS) == {
        name: EXPECTED.get(name, "READY in line") for name in database.ids
    }
    after = database.runs(KEPT)
    del before["to be cancelled"], after["to be cancelled"]
    assert after == before
    assert set(database.runs("task_path").values()) == {"shop.tasks.add"}
    for name in ("done", "null", "failed", "failed somehow", "cancelled"):
        assert database.runs("finished_at")[name] == ended[name]
    assert database.runs("failed_at is not null")["failed"]
    # The one that was deleted before had the next.
    assert database.value("select reproq_enqueue('a.b')") == highest + 2
    assert database.execute("select * from reproq_violations()").fetchall() == []


def test_are_claimed_in_their_order(old):
    database = old("sql", full=True)
    database.adopt()
    names = {result_id: name for name, result_id in database.ids.items()}
    claimed = database.execute("select result_id from reproq_claim('w', max_tasks => 100)")
    assert [names[row[0]] for row in claimed] == [
        "beyond",
        "urgent",
        "ready",
        "used up",
        "no path",
        "unlimited",
        "unlimited too",
        "same as failed",
        "due",
    ]
    assert database.runs(TICKETS)["behind the key"] == "BLOCKED blocked"
    assert database.runs(TICKETS)["behind the lock"] == "BLOCKED blocked"


def test_that_run_keep_the_time_of_their_lease(old):
    database = old("sql", full=True)
    stored = database.runs("leased_until")
    database.adopt()
    leases = {
        row[0]: row[1:]
        for row in database.execute(
            "select result_id, lease_no, worker_id, leased_until, lock_key, concurrency_key, slot,"
            " concurrency_limit from reproq_leases"
        )
    }
    lease = {name: leases[i] for name, i in database.ids.items() if i in leases}
    assert lease["running"][:3] == (2, "old-1", stored["running"])
    assert lease["lost"][2] == stored["lost"]
    assert lease["without a lease"][1] == "unknown"
    assert database.value(
        "select leased_until between now() + interval '4 minutes' and now() + interval '5 minutes'"
        " from reproq_leases where worker_id = 'unknown'"
    )
    # More than their limits allow: none is stopped, the key's slots go on above its limit, and of
    # the holders of one lock the first has it.
    assert [lease[f"key {i}"][5:] for i in range(3)] == [(1, 2), (2, 2), (3, 3)]
    assert [lease[f"lock {i}"][3] for i in range(3)] == ["l", None, None]


def test_a_surplus_blocks_until_it_is_gone(old):
    database = old("sql", full=True)
    database.adopt()

    def start(name):
        database.execute("select reproq_tick()")
        rows = database.execute("select result_id from reproq_claim('w', max_tasks => 100)")
        return database.ids[name] in [row[0] for row in rows]

    assert not start("behind the key")
    database.execute("select reproq_complete(%s, 2)", database.ids["key 0"])
    assert not start("behind the key")
    database.execute("select reproq_complete(%s, 2)", database.ids["key 1"])
    assert start("behind the key")


def test_two_live_ones_with_one_hash_are_both_kept(old):
    database = old("sql")
    database.execute("drop index idx_task_runs_spec_unique")
    spec = '\'{"task_path": "a.b"}\''
    insert = f"insert into task_runs (spec_json, spec_hash, status, leased_until) values ({spec}"
    for status in ("READY", "READY", "RUNNING"):
        database.execute(f"{insert}, repeat('a', 64), '{status}', now())")
    database.adopt()

    rows = database.execute("select status, dedup from task_runs order by result_id").fetchall()
    assert rows == [("READY", False), ("READY", False), ("RUNNING", True)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute(f"{insert}, repeat('a', 64), 'READY', null)")


def test_adopting_twice_changes_nothing(old):
    database = old("django", full=True, workflows=True)
    database.adopt()

    def everything():
        tables = [
            row[0]
            for row in database.execute(
                "select c.oid::regclass::text from pg_class c where c.relkind = 'r'"
                " and c.relnamespace = 'public'::regnamespace order by 1"
            )
        ]
        return {
            table: database.execute(
                f"select xmin::text, t::text from {table} t order by 2"
            ).fetchall()
            for table in tables
        }

    before = everything()
    assert database.adopt() == []
    assert everything() == before
    # The script applies the functions again, and touches nothing else.
    text = script().split("begin;", 1)[1].rsplit("commit;", 1)[0]
    with database.conn.transaction():
        for_psycopg = database.conn.cursor()
        for_psycopg.execute(text)
    after = everything()
    del before["reproq_functions"], after["reproq_functions"]
    assert after == before


def test_of_a_status_that_nobody_knows_are_not_touched(old):
    database = old("sql", full=True)
    database.execute("update task_runs set status = 'PENDING' where status = 'CANCELLED'")
    with pytest.raises(Exception, match="a status that reproq does not know: PENDING"):
        database.adopt()
    assert database.value("select to_regclass('reproq_ready') is null")
    assert database.value("select count(*) from task_runs where status = 'PENDING'") == 1
    database.execute("update task_runs set status = 'CANCELLED' where status = 'PENDING'")
    with database.conn.transaction():
        assert install(database.conn.cursor())
