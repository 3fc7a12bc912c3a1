begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select started('a', '{"max_attempts": 1, "result_ttl": 60, "run_in": 0, "expires_in": 600}') as a \gset
select advance('1 minute');
select reproq_fail(:a, 1, '{"message": "x"}');
select advance('1 minute');
select is(reproq_retry(:a), 'READY', 'a FAILED run is given a new start');
select is(in_words(:a), 'READY with ready', 'and stands in line');
select row_eq(
    format(
        'select attempts, lease_losses, lease_no, last_error, finished_at, failed_at, delete_after,
            run_after, expires_at, claim_order,
            jsonb_array_length(errors_json), worker_ids, enqueued_at, started_at
        from task_runs where result_id = %s', :a
    ),
    row(
        0, 0, 1::bigint, null::text, null::timestamptz, null::timestamptz, null::timestamptz,
        null::timestamptz, '2100-01-01 12:12Z'::timestamptz,
        _reproq_claim_order('default', 1000, '2100-01-01 12:02Z'), 1, '["w1"]'::jsonb,
        '2100-01-01 12:02Z'::timestamptz, null::timestamptz
    ),
    'its attempts count anew, its time to expire and its place in line begin anew, its history stays'
);
select is(claims(), 'a', 'it can be claimed');
select is((run(:a)).lease_no, 2::bigint, 'under a later lease (I10)');
select throws_ok(
    format('select reproq_complete(%s, 1)', :a), 'RQ001', null, 'the lease before the retry is outdated'
);
select reproq_fail(:a, 2, '{"message": "y"}');
select is((run(:a)).status, 'FAILED', 'its attempts are bounded as before');
select is((run(:a)).errors_json #>> '{1,message}', 'y', 'and its errors go on');

select advance('1 minute'), reproq_retry(:a);
select is(
    (run(:a)).expires_at, '2100-01-01 12:13Z'::timestamptz, 'a second retry leaves as much time as the first'
);
select reproq_cancel(:a);

select enqueue('b', '{"run_in": 3600}') as b \gset
select reproq_cancel(:b);
select is(reproq_retry(:b), 'READY', 'a CANCELLED run is retried at once, whatever its time was');
select ok(not (run(:b)).cancel_requested, 'and no longer cancelled');
select reproq_cancel(:b);

select started('c') as c \gset
select reproq_cancel(:c), reproq_fail(:c, 1, '{}');
select reproq_retry(:c);
select is(claims(), 'c', 'a run that was stopped while it ran can run again');
select is(reproq_fail(:c, 2, '{}'), 'SCHEDULED', 'and its old cancellation is forgotten');

-- Runs in other states, and twins.

select enqueue('d') as d \gset
select throws_ok(
    format('select reproq_retry(%s)', r.id), 'RQ003', format('run %s is %s', r.id, r.status),
    'a ' || r.status || ' run is not retried'
)
from (values (:d, 'READY'), (:c, 'SCHEDULED')) r (id, status);
select claims();
select throws_ok(
    format('select reproq_retry(%s)', :d), 'RQ003', format('run %s is RUNNING', :d),
    'a RUNNING run is not retried'
);
select reproq_complete(:d, 1);
select throws_ok(
    format('select reproq_retry(%s)', :d), 'RQ003', format('run %s is SUCCESSFUL', :d),
    'a SUCCESSFUL run is not retried'
);
select enqueue('b', '{"run_after": "2100-01-01 13:03:00+00"}') as other \gset
select enqueue('twin') as first \gset
select reproq_cancel(:first);
select enqueue('twin') as second \gset
select throws_ok(
    format('select reproq_retry(%s)', :first), 'RQ003',
    format('run %s has a live twin: run %s', :first, :second),
    'a run with a live twin is not retried, and the twin is named'
);
select is(in_words(:first), 'CANCELLED with none', 'it stays as it was');
select reproq_cancel(:second);
select is(reproq_retry(:first), 'READY', 'without the twin it is');
select enqueue('own', '{"dedup": false}') as own \gset
select reproq_cancel(:own);
select enqueue('own', '{"dedup": false}');
select is(reproq_retry(:own), 'READY', 'a run that does not dedup has no twin');

select throws_ok('select reproq_retry(77)', 'RQ002', 'there is no run 77', 'an unknown run is RQ002');
select throws_ok('select reproq_retry(null)', 'RQ002', null, 'so is a null');
-- Workflows.

select flow('{"a": [], "b": ["a"], "c": ["b", "x"], "x": []}', null, '{"max_attempts": 1, "queue": "flow"}') as f \gset
select claims(2, '{flow}');
select reproq_fail((:'f'::jsonb ->> 'a')::bigint, 1, '{}');
select throws_ok(
    format('select reproq_retry(%s)', :'f'::jsonb ->> 'b'), 'RQ003',
    format('run %s waits for run %s, which has not succeeded', :'f'::jsonb ->> 'b', :'f'::jsonb ->> 'a'),
    'behind a run that has failed no retry helps'
);
select is(reproq_retry((:'f'::jsonb ->> 'a')::bigint), 'READY', 'that one must be retried');
select is(stand(:'f'), 'a READY, b WAITING, c WAITING, x RUNNING', 'and who failed with it waits again (I28)');
select reproq_cancel((:'f'::jsonb ->> 'b')::bigint);
select is(reproq_retry((:'f'::jsonb ->> 'b')::bigint), 'WAITING', 'a cancelled dependant waits again, too');
select is(stand(:'f'), 'a READY, b WAITING, c WAITING, x RUNNING', 'and those behind it');
select claims(2, '{flow}');
select reproq_complete((:'f'::jsonb ->> 'a')::bigint, 2);
select is(stand(:'f'), 'a SUCCESSFUL, b READY, c WAITING, x RUNNING', 'the release goes on');

select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
