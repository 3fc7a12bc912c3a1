begin;
select plan(20);
\ir helpers/setup.sql

insert into periodic_tasks (name, cron_expr, task_path) values ('a', '*/10 * * * *', 'a.b');
create function state()
returns text
language sql
volatile
as 'select concat_ws('' '', to_char(last_run_at, ''HH24:MI''), to_char(next_run_at, ''HH24:MI'')) from periodic_tasks';

select is(reproq_enqueue_periodic_task('a', true), null, 'a timer that calls every minute waits for the first slot');
select reproq_enqueue_periodic_task('a') as first \gset
select is(in_words(:first), 'READY with ready', 'its first run can be called for');
select is(state(), '12:00 12:10', 'which is not the slot to come');
select is(reproq_enqueue_periodic_task('a'), :first, 'a second call joins it');
select is(reproq_enqueue_periodic_task('a', true), null, 'and joins nothing');
select advance('10 minutes');
select reproq_enqueue_periodic_task('a', only_due => true) as second \gset
select is((run(:second)).spec_json ->> 'scheduled_at', '2100-01-01T12:10:00Z', 'the slot that is due is enqueued');
select is(state(), '12:10 12:20', 'and left behind');
select is((select fired from reproq_tick()), 0, 'a tick finds it done');
select is(reproq_enqueue_periodic_task('a', true), null, 'so does the timer');
select advance('10 minutes');
select is((select fired from reproq_tick()), 1, 'where a tick was quicker');
select is(
    (run(reproq_enqueue_periodic_task('a'))).spec_json ->> 'scheduled_at', '2100-01-01T12:20:00Z', 'its run is joined'
);
select is(reproq_enqueue_periodic_task('a', true), null, 'of which the timer needs to know nothing');
select reproq_cancel(reproq_enqueue_periodic_task('a'));
select is(reproq_enqueue_periodic_task('a'), null, 'but none is made anew once that has ended');
select is((select count(*) from task_runs), 3::bigint, 'each slot once');
update periodic_tasks set next_run_at = '2100-01-01 13:00';
select advance('20 minutes');
select is(reproq_enqueue_periodic_task('a'), null, 'one that was put off is not due');
update periodic_tasks set enabled = false, next_run_at = '2100-01-01 12:00';
select is(reproq_enqueue_periodic_task('a'), null, 'nor is one that is disabled');
select is((select count(*) from task_runs), 3::bigint, 'which makes no run');
select throws_ok(
    $$select reproq_enqueue_periodic_task('b''; drop table task_runs; --')$$, '22023',
    'name: there is no schedule "b''; drop table task_runs; --"', 'an unknown one is refused'
);
select throws_ok('select reproq_enqueue_periodic_task(null)', '22004', 'name: must not be null', 'so is null');
alter table periodic_tasks disable trigger reproq_check_schedule;
update periodic_tasks set enabled = true, cron_expr = 'often';
select throws_like('select reproq_enqueue_periodic_task(''a'')', 'cron_expr: has 1 fields%', 'and one that is broken');

select * from finish();
rollback;
