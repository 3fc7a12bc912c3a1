begin;
select plan(4);
\ir helpers/setup.sql
\ir helpers/broken.sql

insert into periodic_tasks (name, cron_expr, task_path) values ('s', '* * * * *', 'a.b');
select advance('1 minute');
select fired from reproq_tick() \gset
select is(:fired, 1, 'a schedule that has fired');
select is_empty('select * from _reproq_broken_schedules()', 'is sound');
select is(
    broken('alter table periodic_tasks disable trigger user; update periodic_tasks set next_run_at = last_run_at'),
    'I31 a slot that was fired is not the next one: schedule s: 2100-01-01 12:01:00+00', 'one that would fire it again'
);
select is(
    broken('alter table periodic_tasks disable trigger user;
        update periodic_tasks set next_run_at = last_run_at, enabled = false'),
    'nothing', 'unless it is disabled'
);

select * from finish();
rollback;
