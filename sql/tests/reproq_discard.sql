begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select started('a', '{"result_ttl": 60}') as a \gset
select reproq_fail(:a, 1, '{"message": "x"}', false), enqueue('a', '{"priority": 1000, "result_ttl": 60}') as twin \gset
select advance('10 s');
select is(reproq_discard(:a, 'Discarded in admin'), 'CANCELLED', 'a FAILED run is given up, whatever its twin does');
select row_eq(
    format(
        'select status, last_error, failed_at, attempts, finished_at, delete_after - finished_at, updated_at,
            jsonb_array_length(errors_json), errors_json #>> ''{1,kind}'', errors_json #>> ''{1,message}''
        from task_runs where result_id = %s', :a
    ),
    row(
        'CANCELLED'::text, 'Discarded in admin'::text, null::timestamptz, 1, '2100-01-01 12:00Z'::timestamptz,
        interval '60 s', _reproq_now(), 2, 'cancelled'::text, 'Discarded in admin'::text
    ),
    'with the reason; its history stays'
);
select is_empty('select * from reproq_failed_runs()', 'it is no failure to look at any more');
select reproq_cancel(:twin);
select is(reproq_retry(:a), 'READY', 'an operator may still change their mind');
select reproq_cancel(:a);
select is(
    reproq_discard(id), 'CANCELLED', 'without a reason it is just discarded'
) from (select started('b') as id) s cross join lateral (select reproq_fail(s.id, 1, '{}', false)) f;

select flow('{"x": [], "y": ["x"]}', null, '{"queue": "flow", "max_attempts": 1}') as f \gset
select claims(1, '{flow}');
select reproq_fail((:'f'::jsonb ->> 'x')::bigint, 1, '{}');
select reproq_discard((:'f'::jsonb ->> 'x')::bigint);
select is(stand(:'f'), 'x CANCELLED, y FAILED', 'who failed with it is left alone');
select is(standing(:'f'), 'FAILED 0+2 of 2', 'and the workflow has failed as before');
select reproq_discard((:'f'::jsonb ->> 'y')::bigint);
select is(stand(:'f'), 'x CANCELLED, y CANCELLED', 'until it is discarded, too');

select throws_ok(format('select reproq_discard(%s)', r.id), 'RQ003', format('run %s is %s', r.id, r.status), r.status)
from (
    values (enqueue('c'), 'READY'), (enqueue('d', '{"run_in": 60}'), 'SCHEDULED'), (:twin, 'CANCELLED'),
        (started('e'), 'RUNNING')
) r (id, status);
select throws_ok('select reproq_discard(77)', 'RQ002', 'there is no run 77', 'an unknown run');
select throws_ok('select reproq_discard(null)', 'RQ002', null, 'a null');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
