begin;
select no_plan();
\ir helpers/setup.sql

select started('a', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 2, "result_ttl": 60}') as a,
    started('b', '{"concurrency_key": "k", "concurrency_limit": 0, "metadata": {"m": 1}}') as b, started('c') as c \gset
delete from reproq_leases;
create temp table answer as
select * from _reproq_succeed(
    array[:a, :b, 77], array['7', null, '1']::jsonb[], array['{"m": 2}', null, null]::jsonb[],
    array['/logs/a', null, null]
);
select set_eq('select unnest(settled_ids) from answer', array[:a, :b], 'those that there are');
select is(statuses, '{SUCCESSFUL,SUCCESSFUL}', 'have succeeded') from answer;
select set_eq('select unnest(gates) from answer', '{lock:l,key:k}'::text[], 'and had places at these gates');
select is(in_words(:a) || ', ' || in_words(:b) || ', ' || in_words(:c),
    'SUCCESSFUL with none, SUCCESSFUL with none, RUNNING with none', 'no other one has');
select row_eq(
    format('select return_json, metadata_json, logs_uri, finished_at, delete_after, updated_at from task_runs where result_id = %s', :a),
    row('7'::jsonb, '{"m": 2}'::jsonb, '/logs/a'::text, _reproq_now(), _reproq_now() + '60 s', _reproq_now()),
    'with all that came of it'
);
select row_eq(
    format('select return_json, metadata_json, logs_uri, delete_after, leased_by, leased_until from task_runs where result_id = %s', :b),
    row('null'::jsonb, '{"m": 1}'::jsonb, null::text, null::timestamptz, null::text, null::timestamptz),
    'nothing is null in JSON, and what was not said stays'
);
select (run(:a))::text as before \gset
select is((_reproq_succeed(array[:a], '{2}', null, null)).settled_ids, null, 'a finished run succeeds no more');
select is((run(:a))::text, :'before', 'its record stays as it is');

select * from finish();
rollback;
