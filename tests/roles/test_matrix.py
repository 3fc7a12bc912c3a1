"""Each role may call what `reproq_rights()` says and nothing else, and sees no table (I47)."""

import json

import psycopg
import pytest

from reproq_worker.install.roles import KINDS
from tests.races.sessions import value
from tests.roles.conftest import ROLES, STRANGERS

EVERYBODY = [*KINDS, STRANGERS[0]]

FUNCTIONS = """
select p.proname, format(
    'select * from %I(%s)', p.proname,
    (select string_agg(format('null::%s', t::regtype), ', ') from unnest(p.proargtypes) t)
)
from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.proname ~ '^_?reproq_'
    and p.prorettype <> 'trigger'::regtype
order by p.proname
"""
TABLES = """
select c.relname
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
    and case
        when c.relkind = 'S' then has_sequence_privilege(%(role)s, c.oid, 'usage, select, update')
        else has_table_privilege(
            %(role)s, c.oid, 'select, insert, update, delete, truncate, references, trigger'
        )
    end
"""


def refused(conn: psycopg.Connection, statement: str) -> bool:
    """Whether the call itself is refused; what it answers or dislikes otherwise is not asked."""
    with conn.transaction(force_rollback=True):
        try:
            conn.execute(statement)
        except psycopg.errors.InsufficientPrivilege as error:
            return "permission denied for function" in str(error)
        except psycopg.Error:
            return False
    return False


def test_a_role_may_call_what_its_kind_may_and_no_more(told_apart, as_role):
    calls = told_apart.execute(FUNCTIONS).fetchall()
    assert len(calls) > 100
    rights = told_apart.execute("select kind, function_name from reproq_rights()").fetchall()
    for who in EVERYBODY:
        conn = as_role(who)
        may = {name for name, call in calls if not refused(conn, call)}
        assert may == {name for kind, name in rights if kind == who}
        assert bool(may) == (who in KINDS)


def test_a_role_has_no_right_on_any_table(told_apart, as_role):
    for who in EVERYBODY:
        assert told_apart.execute(TABLES, {"role": ROLES.get(who, who)}).fetchall() == []
        for statement in ("select from task_runs", "insert into task_runs default values"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_role(who).execute(statement)


def test_a_callers_own_tables_change_nothing(told_apart, as_role):
    app = as_role("producer")
    # Whatever a function might find in place of its own.
    app.execute("create temp table task_runs (like pg_class)")
    app.execute("create temp table reproq_ready (x integer)")
    app.execute("create function pg_temp._reproq_now() returns int language sql as 'select 1'")
    app.execute("set search_path = pg_temp, public")
    run = value(app, "select public.reproq_enqueue('a.b')")
    assert value(app, "select status from reproq_results(array[%s::bigint])", [run]) == "READY"
    assert value(told_apart, "select enqueued_by from task_runs") == ROLES["producer"]


def test_an_observer_sees_no_payload(told_apart, as_role):
    told_apart.execute(
        "select reproq_enqueue('a.b', '[\"canary\"]', kwargs => '{\"canary\": 1}',"
        " metadata => '{\"canary\": 1}', lock_key => 'canary', concurrency_key => 'canary',"
        " concurrency_limit => 1, max_attempts => 2, backoff_base => '0')"
    )
    error = json.dumps({"message": "canary", "traceback": "canary"})
    told_apart.execute("select reproq_claim('w')")
    told_apart.execute("select reproq_fail(1, 1, %s::jsonb)", [error])
    told_apart.execute("select reproq_claim('w')")
    told_apart.execute("select reproq_complete(1, 2, '\"canary\"')")
    told_apart.execute("select reproq_enqueue('a.b', '[\"canary\"]', lock_key => 'canary')")
    told_apart.execute("select reproq_pause_queue('default', 'canary')")
    told_apart.execute("select reproq_register_worker('w')")
    told_apart.execute(
        "insert into periodic_tasks (name, cron_expr, task_path, payload_json, concurrency_key)"
        " values ('s', '@daily', 'a.b', '[\"canary\"]', 'canary')"
    )
    record = value(
        told_apart, "select to_jsonb(r)::text from task_runs r where status = 'SUCCESSFUL'"
    )
    assert record.count("canary") >= 9

    eye = as_role("observer")
    seen = [
        eye.execute("select * from reproq_stats()").fetchall(),
        eye.execute("select * from reproq_gauges()").fetchall(),
        eye.execute("select * from reproq_states(array[1, 2])").fetchall(),
        eye.execute("select * from reproq_find_runs('SUCCESSFUL')").fetchall(),
        eye.execute("select * from reproq_throughput()").fetchall(),
        eye.execute("select * from reproq_counts()").fetchall(),
        eye.execute("select * from reproq_known_workers()").fetchall(),
        eye.execute("select * from reproq_recent_runs()").fetchall(),
        eye.execute("select * from reproq_schedules()").fetchall(),
        eye.execute("select * from reproq_rights()").fetchall(),
        eye.execute("select * from reproq_installed()").fetchall(),
    ]
    assert len(seen) == value(
        told_apart, "select count(*) from reproq_rights() where kind = 'observer'"
    )
    assert len(seen[2]) == 2
    assert "canary" not in repr(seen)


def test_a_producer_sees_its_own_runs_alone(told_apart, as_role):
    app, shop = as_role("producer"), as_role("reproq_test_shop")
    told_apart.execute(
        "grant execute on function reproq_results, reproq_enqueue to reproq_test_shop"
    )
    mine = value(app, "select reproq_enqueue('a.b')")
    theirs = value(shop, "select reproq_enqueue('a.c')")
    owners = value(told_apart, "select reproq_enqueue('a.d')")
    # Equal specs are one run. Its id is no secret; what comes of it is whose it was first.
    assert value(shop, "select reproq_enqueue('a.b')") == mine
    seen = "select array_agg(result_id) from reproq_results(%s::bigint[])"
    everything = [mine, theirs, owners]
    assert value(app, seen, [everything]) == [mine]
    assert value(shop, seen, [everything]) == [theirs]
    assert value(as_role("operator"), seen, [everything]) == everything
    # A plain INSERT by a role with rights on the table cannot lie about who it is.
    told_apart.execute("grant insert, select on task_runs to reproq_test_shop")
    shop.execute(
        "insert into task_runs (spec_json, enqueued_by)"
        ' values (\'{"task_path": "a.e", "args": [], "kwargs": {}}\', \'reproq_test_app\')'
    )
    assert value(app, seen, [list(range(1, 10))]) == [mine]


def test_without_roles_everybody_with_the_tables_works_as_before(conn, make_conn):
    run = value(conn, "select reproq_enqueue('a.b')")
    assert value(conn, "select enqueued_by is null from task_runs")
    assert value(conn, "select result_id from reproq_results(array[%s::bigint])", [run]) == run
    assert value(conn, "select count(*) from pg_proc where prosecdef and proname ~ 'reproq_'") == 0
