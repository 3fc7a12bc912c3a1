begin;
select plan(15);
\ir helpers/setup.sql

create function fired(max_schedules integer default 100)
returns text
language plpgsql
as $$
declare
    v_fired integer;
begin
    delete from task_runs;
    v_fired := _reproq_fire_due(max_schedules);
    return v_fired || ':' || (
        select coalesce(string_agg(spec_json ->> 'periodic_name', ' ' order by result_id), '') from task_runs
    );
end;
$$;

insert into periodic_tasks (name, cron_expr, task_path)
values ('a', '* * * * *', 'a.b'), ('b', '*/5 * * * *', 'a.b'), ('c', '0 13 * * *', 'a.b');
select is(fired(), '0:', 'nothing is due');
select advance('1 minute');
select is(fired(), '1:a', 'one is');
select is(fired(), '0:', 'once');
select advance('4 minutes');
update periodic_tasks set enabled = false where name = 'a';
select is(fired(), '1:b', 'one that is disabled is not');
update periodic_tasks set enabled = true, next_run_at = _reproq_now() - interval '1 minute' where name = 'a';
update periodic_tasks set next_run_at = _reproq_now() - interval '2 minutes' where name = 'c';
update periodic_tasks set next_run_at = _reproq_now() where name = 'b';
select is(fired(2), '2:c a', 'at most so many, the longest due first');
select is(fired(2), '1:b', 'the rest the next time');

-- One that is broken, and one that came in without a time, both around the trigger (I33).

set local client_min_messages = error;
alter table periodic_tasks disable trigger reproq_check_schedule;
insert into periodic_tasks (name, cron_expr, task_path, next_run_at)
values
    ('bad cron', 'often', 'a.b', '2100-01-01 11:00'), ('bad path', '* * * * *', 'nodots', '2100-01-01 11:01'),
    ('bad, no time', 'often', 'a.b', null), ('no time', '@hourly', 'a.b', null);
alter table periodic_tasks enable trigger reproq_check_schedule;
select advance('1 minute');
select is(fired(), '1:a', 'the others go on');
select results_eq(
    'select name, left(last_error, 20), next_run_at, retry_at from periodic_tasks where last_error is not null order by 1',
    $$values
    ('bad cron', 'cron_expr: has 1 fie', '2100-01-01 11:00'::timestamptz, '2100-01-01 12:07'::timestamptz),
    ('bad path', 'task_path: must be a', '2100-01-01 11:01', '2100-01-01 12:07'),
    ('bad, no time', 'cron_expr: has 1 fie', null, '2100-01-01 12:07')$$,
    'they keep their slots and are shown as broken'
);
select is((select next_run_at from periodic_tasks where name = 'no time'), '2100-01-01 13:00', 'the one without a time has got one');
select advance('50 seconds');
select is(fired(1), '0:', 'for a minute they are let alone');
update periodic_tasks set cron_expr = '*/10 * * * *' where name = 'bad cron';
select is(fired(1), '1:bad cron', 'unless somebody repairs them');
select is((select last_error from periodic_tasks where name = 'bad cron'), null, 'which clears the error');
alter table periodic_tasks disable trigger reproq_check_schedule;
update periodic_tasks set task_path = 'a.b' where name = 'bad path';
alter table periodic_tasks enable trigger reproq_check_schedule;
select advance('10 seconds');
select is(fired(1), '0:', 'after it they are tried again, the longest due first');
select is(fired(), '2:bad path a', 'and one that works now is fired');
update periodic_tasks set enabled = false where name = 'bad, no time';
select is((select count(*) from periodic_tasks where enabled and last_error is not null), 0::bigint, 'a broken one may be disabled');

select * from finish();
rollback;
