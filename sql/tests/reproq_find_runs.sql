begin;
select plan(16);
\ir helpers/setup.sql

select enqueue('a', '{"lock_key": "l"}') as a, enqueue('b', '{"lock_key": "l"}') as b,
    enqueue('c', '{"queue": "mail"}') as c, enqueue('d', '{"run_after": "2100-01-02"}') as d \gset
select claims(2);
create function found(status text, queue text default null, lost boolean default null)
returns bigint[] language sql as $$
    select coalesce(array_agg(f.result_id), '{}') from reproq_find_runs(status, queue, lost) f;
$$;
select is(found('RUNNING'), array[:a], 'running by its lease');
select is(found('BLOCKED'), array[:b], 'blocked');
select is(found('READY'), array[:c], 'ready');
select is(found('SCHEDULED'), array[:d], 'scheduled');
select is(found('READY', 'default'), '{}', 'of another queue');
select is(found('SCHEDULED', 'default') || found('RUNNING', 'default'), array[:d, :a], 'of this queue');
select is(found('RUNNING', null, false), array[:a], 'whose lease is current');
select is(found('RUNNING', null, true), '{}', 'whose lease ran out');
select advance('6 minutes');
select is(found('RUNNING', null, true), array[:a], 'time passes');
select reproq_complete(:a, 1);
select is(found('SUCCESSFUL'), array[:a], 'finished');
select reproq_cancel(:c);
select is(found('CANCELLED'), array[:c], 'cancelled');
select claims(1), reproq_fail(:b, 1, '{}', retry => false);
select is(found('FAILED') || found('FAILED', 'mail'), array[:b], 'failed, by queue');
select w.result_id as w from reproq_enqueue_workflow(
    '[{"key": "1", "task_path": "a.b"}, {"key": "2", "task_path": "a.b", "after": ["1"]}]'
) w where w.key = '2' \gset
select is(found('WAITING'), array[:w], 'waiting, by its edges');
select is((select count(*) from reproq_find_runs('FAILED', max_tasks => 1)), 1::bigint, 'not more than that');
select throws_ok($$select reproq_find_runs('LOST')$$, '22023');
select throws_ok($$select reproq_find_runs('READY', max_tasks => 0)$$, '22023');

select * from finish();
rollback;
