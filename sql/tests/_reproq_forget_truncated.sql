begin;
select no_plan();
\ir helpers/setup.sql

select started('running', '{"lock_key": "l"}') as running \gset
select enqueue('blocked', '{"lock_key": "l"}'), claims(), enqueue('ready') as ready,
    enqueue('later', '{"run_in": 60}') \gset
insert into task_runs (spec_json, status)
values ('{"task_path": "a.1"}', 'WAITING') returning result_id as w \gset
insert into reproq_edges values (:w, :ready);
truncate task_runs;
select is_empty(format('select 1 from %I', t), 'no row is left in ' || t)
from unnest('{reproq_ready,reproq_scheduled,reproq_blocked,reproq_leases,reproq_edges}'::text[]) t;
select is(claims(), '', 'nothing can be claimed');
select enqueue('next', '{"lock_key": "l"}');
select is(claims(), 'next', 'the queue goes on');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
