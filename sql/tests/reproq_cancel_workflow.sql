begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": ["a"], "c": [], "d": ["b", "c"]}', 'd') as f \gset
select is(claims(), 'a', 'a runs');
select results_eq(
    format('select result_id, status from reproq_cancel_workflow(%L)', :'f'::jsonb ->> 'id'),
    format(
        $$ values (%s::bigint, 'RUNNING'), (%s, 'CANCELLED'), (%s, 'CANCELLED'), (%s, 'CANCELLED') $$,
        :'f'::jsonb ->> 'a', :'f'::jsonb ->> 'b', :'f'::jsonb ->> 'c', :'f'::jsonb ->> 'd'
    ),
    'those that wait end, the one that runs is asked to'
);
select ok((run((:'f'::jsonb ->> 'a')::bigint)).cancel_requested, 'by the flag on its record');
select is(
    (run((:'f'::jsonb ->> 'd')::bigint)).errors_json #>> '{0,kind}', 'cancelled',
    'a dependant was cancelled itself, and did not fail with another'
);
select is(standing(:'f'), 'FAILED 0+2 of 3', 'the workflow has failed');
select reproq_complete((:'f'::jsonb ->> 'a')::bigint, 1);
select is(stand(:'f'), 'a SUCCESSFUL, b CANCELLED, c CANCELLED, d CANCELLED', 'a task that was quicker has succeeded');
select is_empty(
    format('select * from reproq_cancel_workflow(%L)', :'f'::jsonb ->> 'id'), 'a finished workflow stays what it is'
);

select flow('{"a": [], "b": []}', null, '{"run_in": 60}') as later \gset
select is(
    (select count(*) from reproq_cancel_workflow((:'later'::jsonb ->> 'id')::uuid) c where c.status = 'CANCELLED'),
    2::bigint, 'SCHEDULED members, too'
);
select started('l', '{"lock_key": "l"}') as l \gset
select flow('{"a": [], "b": []}', null, '{"lock_key": "l"}') as parked \gset
select claims(10);
select is(stand(:'parked'), 'a BLOCKED, b BLOCKED', 'parked members');
select reproq_cancel_workflow((:'parked'::jsonb ->> 'id')::uuid);
select is(stand(:'parked'), 'a CANCELLED, b CANCELLED', 'and BLOCKED ones');
select throws_ok(
    $$ select reproq_cancel_workflow('00000000-0000-0000-0000-000000000000') $$, 'RQ002',
    'no workflow 00000000-0000-0000-0000-000000000000', 'no such workflow'
);
select throws_ok('select reproq_cancel_workflow(null)', 'RQ002', 'no workflow NULL', 'nor is null one');

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select * from finish();
rollback;
