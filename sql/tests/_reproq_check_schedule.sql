begin;
select no_plan();
\ir helpers/setup.sql

create function add(name text, expr text default '*/10 * * * *', due timestamptz default null)
returns timestamptz
language sql
as $$
    insert into periodic_tasks (name, cron_expr, task_path, next_run_at)
    values (name, expr, 'a.b', due)
    returning next_run_at
$$;
create function due(name text)
returns text
language sql
volatile
as 'select to_char(next_run_at, ''HH24:MI'') from periodic_tasks t where t.name = due.name';

select col_not_null('periodic_tasks', 'task_path', 'a schedule names its task');

-- What is left out is filled.

select is(add('a'), '2100-01-01 12:10', 'the next slot is filled in');
select is(add('b', due => '2100-01-01 12:07'), '2100-01-01 12:07', 'one that is written is obeyed');
select is(add('now', due => '2100-01-01 11:07'), '2100-01-01 11:07', 'also one that is due');
insert into periodic_tasks (name, cron_expr, task_path, enabled) values ('off', '@hourly', 'a.b', false);
select is(due('off'), '13:00', 'a disabled one has one, too');
insert into periodic_tasks (name, cron_expr, task_path, time_zone) values ('zone', '0 0 * * *', 'a.b', 'Asia/Kathmandu');
select is(due('zone'), '18:15', 'on the clocks of its zone');

-- Edits.

select advance('1 minute');
update periodic_tasks set priority = 3, payload_json = '[1]' where name = 'a';
select is(due('a'), '12:10', 'other columns leave it alone');
select is((select updated_at from periodic_tasks where name = 'a'), '2100-01-01 12:01', 'but show as an update');
select advance('1 minute');
update periodic_tasks set priority = 3 where name = 'a';
select is((select updated_at from periodic_tasks where name = 'a'), '2100-01-01 12:01', 'unless nothing changed');
update periodic_tasks set cron_expr = '*/15 * * * *' where name = 'a';
select is(due('a'), '12:15', 'a new expression gives a new time');
update periodic_tasks set time_zone = 'Asia/Kathmandu', cron_expr = '0 18 * * *' where name = 'a';
select is(due('a'), '12:15', 'a new zone, too');
update periodic_tasks set cron_expr = '@hourly', time_zone = 'UTC', next_run_at = '2100-01-01 12:03' where name = 'a';
select is(due('a'), '12:03', 'unless the time is written with it');
update periodic_tasks set next_run_at = null where name = 'a';
select is(due('a'), '13:00', 'null asks for it');
update periodic_tasks set next_run_at = _reproq_now() where name = 'a';
select is(due('a'), '12:02', 'now means now');

-- A slot that is due stays due (I32).

update periodic_tasks set cron_expr = '*/5 * * * *', priority = 7 where name = 'a';
select is(due('a'), '12:02', 'over an edit');
insert into periodic_tasks (name, cron_expr, task_path) values ('a', '*/5 * * * *', 'a.b')
on conflict (name) do update set cron_expr = excluded.cron_expr, task_path = excluded.task_path;
select is(due('a'), '12:02', 'and an upsert');
update periodic_tasks set enabled = false where name = 'a';
select advance('10 minutes');
update periodic_tasks set enabled = true where name = 'a';
select is(due('a'), '12:15', 'but slots that passed while it was disabled are over');
update periodic_tasks set enabled = false where name = 'b';
update periodic_tasks set enabled = true, next_run_at = '2100-01-01 12:09' where name = 'b';
select is(due('b'), '12:09', 'unless one is written');
update periodic_tasks set enabled = false, next_run_at = '2100-01-01 14:00' where name = 'b';
update periodic_tasks set enabled = true where name = 'b';
select is(due('b'), '14:00', 'and one to come is kept');

-- A slot that was fired does not come back.

select advance('10 minutes');
delete from periodic_tasks where name <> 'a';
create temp table read as select * from periodic_tasks;
select _reproq_fire_due(10);
select is(due('a'), '12:25', 'fired');
update periodic_tasks t set next_run_at = r.next_run_at, last_run_at = r.last_run_at, priority = 1 from read r;
select is(due('a'), '12:25', 'not by who writes all that was read before');
select is((select last_run_at from periodic_tasks), '2100-01-01 12:15', 'the last slot stays, too');
select advance('-1 hour');
update periodic_tasks set cron_expr = '*/15 * * * *';
select is(due('a'), '12:30', 'nor by a clock that was put back');
update periodic_tasks set next_run_at = '2100-01-01 11:30';
select is(due('a'), '11:30', 'a time that is written is obeyed');
select advance('1 hour');

-- Refusals.

select throws_ok(
    format('update periodic_tasks set %s', u.change), '22023', null, 'refused: ' || left(u.change, 60)
)
from (
    values
        ('cron_expr = ''60 * * * *'''), ('cron_expr = '''''), ('time_zone = ''Mars/Phobos'''),
        ('cron_expr = ''60 * * * *'', next_run_at = ''2100-01-01 12:09'''), ('task_path = ''nodots'''),
        ('payload_json = ''1'''), ('payload_json = ''{"args": 1}'''), ('queue_name = '''''), ('concurrency_limit = -1'),
        ('max_attempts = 10001'), ('next_run_at = ''infinity'''), ('next_run_at = ''-infinity'''), ('name = '' '''),
        ('name = repeat(''n'', 256)')
) u (change);
select throws_ok(
    $$insert into periodic_tasks (name, cron_expr, task_path) values ('x', '0 60 * * *', 'a.b')$$, '22023',
    'cron_expr: field 2 (hour): "60" must be between 0 and 23', 'an error names field and place'
);
select lives_ok('update periodic_tasks set max_attempts = 0', 'no attempts are the default');
update periodic_tasks set concurrency_key = '';
select is((select concurrency_key from periodic_tasks), null, 'an empty key is none');

-- A row that is broken already.

alter table periodic_tasks disable trigger reproq_check_schedule;
update periodic_tasks set cron_expr = 'often', payload_json = '1', last_error = 'x', retry_at = '2100-01-01 15:00';
alter table periodic_tasks enable trigger reproq_check_schedule;
select lives_ok('update periodic_tasks set enabled = false', 'may be disabled');
update periodic_tasks set next_run_at = null;
select throws_like('update periodic_tasks set enabled = true', 'cron_expr: has 1 fields%', 'but not enabled');
update periodic_tasks set payload_json = '[]', cron_expr = '@hourly', enabled = true;
select is((select row(last_error, retry_at, next_run_at)::text from periodic_tasks), '(,,"2100-01-01 13:00:00+00")', 'until it is repaired');

select * from finish();
rollback;
