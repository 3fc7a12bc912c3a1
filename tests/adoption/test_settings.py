"""Schedules, limits, pauses and workers stay what they were, and what others built stays theirs."""

import psycopg
import pytest

from reproq_worker.errors import SchemaMismatch
from reproq_worker.install import install, plan, script, uninstall
from tests.adoption.layouts import LAYOUTS

SETTINGS = """
insert into periodic_tasks (name, cron_expr, task_path, payload_json, queue_name, priority,
    max_attempts, concurrency_limit, next_run_at, enabled, created_at, updated_at) values
('nightly', '0 3 * * *', 'shop.tasks.add', '{"args": [1], "kwargs": {}}', 'default', 5, 3, 0,
    now() - interval '3 days', true, now(), now()),
('list', '*/5 * * * *', 'shop.tasks.add', '[1, 2]', 'default', 0, 3, 0,
    now() + interval '1 minute', true, now(), now()),
('off', '@daily', 'shop.tasks.add', '{"b": 1}', 'default', 0, 3, 0,
    now() - interval '3 days', false, now(), now()),
('broken', '* * * * * *', 'shop.tasks.add', '{}', 'default', 0, 3, 0,
    now() - interval '1 day', true, now(), now());
insert into rate_limits (key, tokens_per_second, burst_size, current_tokens, last_refilled_at)
values
('queue:mail', 0.1, 5, 2.5, now()),
('task:shop.tasks.add', -1, 0, 7, now());
insert into reproq_queue_controls (queue_name, paused, paused_at, reason, created_at, updated_at)
values ('mail', true, null, 'no more', now(), now());
"""
WORKERS = """
insert into reproq_workers (worker_id, hostname, concurrency, queues, started_at, last_seen_at)
values ('old-1', 'host', 4, {queues}, now(), now())
"""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_settings_are_kept(old, layout):
    database = old(layout)
    queues = "array['default', 'mail']" if layout == "arrays" else '\'["default", "mail"]\''
    database.execute(SETTINGS)
    database.execute(WORKERS.format(queues=queues))
    kept = (
        "select name, cron_expr, payload_json, priority, next_run_at, enabled from periodic_tasks"
    )
    before = database.execute(kept).fetchall()
    database.adopt()

    assert database.execute(kept).fetchall() == before
    assert database.execute(
        "select key, tokens_per_second, burst_size, current_tokens from rate_limits order by key"
    ).fetchall() == [
        ("global", 0.0, 1, 0.0),
        ("queue:mail", 0.1, 5, 2.5),
        ("task:shop.tasks.add", 0.0, 0, 0.0),
    ]
    assert database.execute(
        "select paused, paused_at is not null, reason from reproq_queue_controls"
    ).fetchall() == [(True, True, "no more")]
    assert database.value("select queues from reproq_workers") == ["default", "mail"]

    # The slots that were missed are one run; a broken schedule is shown and stops nobody.
    database.execute("select reproq_tick()")
    assert database.execute("select spec_json ->> 'periodic_name' from task_runs").fetchall() == [
        ("nightly",)
    ]
    assert database.execute(
        "select name from periodic_tasks where last_error is not null"
    ).fetchall() == [("broken",)]
    assert database.execute("select * from reproq_claim('w', '{mail}')").fetchall() == []


def test_function_and_jobs_of_its_pg_cron_mode_are_replaced(old):
    database = old("sql")
    database.adopt()
    assert database.value("select prorettype::regtype::text from pg_proc"
        " where proname = 'reproq_enqueue_periodic_task'") == "bigint"  # fmt: skip
    # Another database's, another task's and another name's are not known to be of that kind.
    assert database.execute("select jobid from cron.job order by 1").fetchall() == [
        (2,),
        (3,),
        (4,),
    ]


USERS_OWN = """
alter table task_runs add column shop text default 'none';
create index shop_runs on task_runs (shop);
create table shop_jobs (run bigint references task_runs (result_id) on delete cascade);
create view shop_failures as select result_id, last_error from task_runs where status = 'FAILED';
create function shop_note() returns trigger language plpgsql as 'begin return new; end';
create trigger shop_note before insert on task_runs for each row execute function shop_note();
alter table task_runs add constraint shop_known check (shop <> '');
insert into shop_jobs select result_id from task_runs;
update task_runs set shop = 'mine';
grant select on task_runs, workflow_runs to pg_monitor;
"""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_others_built_is_kept(old, layout):
    database = old(layout, full=True)
    own = USERS_OWN if layout != "arrays" else USERS_OWN.replace(", workflow_runs", "")
    with database.conn.transaction():
        database.execute(own)
    database.adopt()

    assert database.value("select count(*) from shop_jobs") == len(database.ids)
    assert set(database.runs("shop").values()) == {"mine"}
    assert database.value("select 'shop_runs'::regclass is not null")
    assert database.value("select count(*) from shop_failures") == 3
    for table in ("task_runs", "workflow_runs") if layout != "arrays" else ("task_runs",):
        assert database.value("select has_table_privilege('pg_monitor', %s, 'select')", table)
    assert database.value("select count(*) from pg_trigger where tgname = 'shop_note'") == 1
    database.execute("delete from task_runs where result_id = %s", database.ids["done"])
    assert database.value("select count(*) from shop_jobs") == len(database.ids) - 1
    with pytest.raises(psycopg.errors.CheckViolation):
        database.execute("insert into task_runs (spec_json, shop) values ('{}', '')")


OLD_CLAIM = """
update task_runs set status = 'RUNNING', leased_by = 'old-1', attempts = attempts + 1,
    leased_until = now() + interval '5 minutes' where result_id = %s
"""
OLD_END = """
update task_runs set status = 'SUCCESSFUL', finished_at = now(), leased_by = null,
    leased_until = null where result_id = %s and leased_by = 'old-1' and status = 'RUNNING'
"""


def test_an_old_worker_is_told_so(old):
    database = old("sql", full=True)
    database.adopt()
    for sql, name in ((OLD_CLAIM, "ready"), (OLD_END, "running")):
        with pytest.raises(psycopg.Error) as refusal:
            database.execute(sql, database.ids[name])
        assert refusal.value.sqlstate == "RQ005"
    # An old producer may go on: its rows come in by the triggers.
    new = database.value(
        "insert into task_runs (spec_hash, queue_name, spec_json, status, run_after) values"
        " (repeat('e', 64), 'default', '{\"task_path\": \"a.b\"}', 'READY', now() + interval '1 h')"
        " returning status"
    )
    assert new == "SCHEDULED"


@pytest.mark.parametrize(
    "foreign",
    [
        "create table task_runs (id int primary key, status text)",
        "create table rate_limits (who text, per_hour int)",
        "create view workflow_runs as select 1 as workflow_id",
    ],
)
def test_a_table_of_somebody_else_is_refused_and_nothing_changed(empty_dsn, foreign):
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute(foreign)
        cursor = connection.cursor()
        name = foreign.split()[2]
        for attempt in (plan, install):
            with (
                pytest.raises(SchemaMismatch, match=f"that are not reproq's: {name}") as refusal,
                connection.transaction(),
            ):
                attempt(cursor)
            assert "--schema" in refusal.value.hint
        relations = cursor.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'v')"
        )
        assert relations.fetchall() == [(name,)]


def test_in_a_schema_that_is_not_the_first(old):
    """The tables are found where they are; a new schema before them gets none."""
    database = old("sql", full=True)
    database.execute("create schema app")
    database.execute("set search_path = app, public")
    assert database.adopt()
    assert database.value("select count(*) from public.task_runs") == len(database.ids)
    assert database.value("select to_regclass('app.task_runs') is null")


def test_can_be_uninstalled(old):
    database = old("django", full=True)
    database.adopt()
    with database.conn.transaction():
        assert uninstall(database.conn.cursor())
    assert database.execute(
        "select relname from pg_class where relkind in ('r', 'v') and"
        " relnamespace = 'public'::regnamespace"
    ).fetchall() == [("django_migrations",)]


def test_the_script_adopts_too(old):
    database = old("sql", full=True)
    text = script().split("begin;", 1)[1].rsplit("commit;", 1)[0]
    with database.conn.transaction():
        database.execute(text)
    assert database.adopt() == []
    assert database.value("select count(*) from reproq_leases") == 10
