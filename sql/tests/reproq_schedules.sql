begin;
select plan(1);
\ir helpers/setup.sql

insert into periodic_tasks (name, cron_expr, task_path, enabled) values ('b', '0 * * * *', 'x.y', false), ('a', '@daily', 'x.y', true);
select results_eq(
    'select name, cron_expr, time_zone, task_path, queue_name, enabled, last_run_at, next_run_at from reproq_schedules() where name = ''a''
    union all select name, null, null, null, null, enabled, null, null from reproq_schedules() where name = ''b''',
    $$values ('a', '@daily', 'UTC', 'x.y', 'default', true, null::timestamptz, timestamptz '2100-01-02 00:00+00'), ('b', null, null, null, null, false, null, null)$$,
    'those that are switched off, too'
);

select * from finish();
rollback;
