begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": ["a"], "c": [], "d": ["b", "c"]}', 'd', '{"max_attempts": 1}') as f \gset
select finish(:'f', 'a', 'fail'), finish(:'f', 'c', 'fail');
select is(stand(:'f'), 'a FAILED, b FAILED, c FAILED, d FAILED', 'all broken');
select results_eq(
    format('select result_id, status from reproq_retry_workflow(%L)', :'f'::jsonb ->> 'id'),
    format(
        $$ values (%s::bigint, 'READY'), (%s, 'WAITING'), (%s, 'READY'), (%s, 'WAITING') $$,
        :'f'::jsonb ->> 'a', :'f'::jsonb ->> 'b', :'f'::jsonb ->> 'c', :'f'::jsonb ->> 'd'
    ),
    'the first ones may start, the others wait again'
);
select is(standing(:'f'), 'RUNNING 0+0 of 3', 'the workflow runs');
select complete(:'f', 'a'), complete(:'f', 'b'), complete(:'f', 'c'), complete(:'f', 'd');
select is(standing(:'f'), 'SUCCESSFUL 3+0 of 3', 'to its end');
select is_empty(
    format('select * from reproq_retry_workflow(%L)', :'f'::jsonb ->> 'id'), 'what has succeeded is not run again'
);

select flow('{"a": [], "b": ["a"]}') as cancelled \gset
select reproq_cancel_workflow((:'cancelled'::jsonb ->> 'id')::uuid);
select reproq_retry_workflow((:'cancelled'::jsonb ->> 'id')::uuid);
select is(stand(:'cancelled'), 'a READY, b WAITING', 'a cancelled workflow begins anew');
select throws_ok(
    $$ select reproq_retry_workflow('00000000-0000-0000-0000-000000000000') $$, 'RQ002',
    'no workflow 00000000-0000-0000-0000-000000000000', 'no such workflow'
);

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select * from finish();
rollback;
