begin;
select plan(8);
\ir helpers/setup.sql
\ir helpers/flows.sql

create function retriable(id bigint) returns boolean language sql volatile as
'select _reproq_retriable(r) from task_runs r where r.result_id = id';

select enqueue('a') as a \gset
select ok(not retriable(:a), 'a live run is not');
select reproq_cancel(:a);
select ok(retriable(:a), 'a CANCELLED one is');
select enqueue('a') as twin \gset
select ok(not retriable(:a), 'unless it has a live twin');
select reproq_cancel(:twin), reproq_replay(:a);
select ok(retriable(:a), 'a replay is none');
select started('done') as done \gset
select reproq_complete(:done, 1);
select ok(not retriable(:done), 'a SUCCESSFUL run is not');
select flow('{"x": [], "y": ["x"]}', null, '{"queue": "flow", "max_attempts": 1}') as f \gset
select (:'f'::jsonb ->> 'x')::bigint as x, (:'f'::jsonb ->> 'y')::bigint as y \gset
select claims(1, '{flow}');
select reproq_fail(:x, 1, '{}');
select ok(retriable(:x), 'the first of a chain that has failed is');
select ok(not retriable(:y), 'the one that failed with it is not: it comes along');
select reproq_retry(:x);
select ok(not retriable(:y), 'as it has');

select * from finish();
rollback;
