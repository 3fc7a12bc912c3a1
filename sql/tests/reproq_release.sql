begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a'), advance('1 second'), enqueue('b');
select result_id as a from reproq_claim('w1') \gset
select (run(:a)).claim_order as place \gset
select advance('1 hour');
select reproq_release(:a, 1);
select is(in_words(:a), 'READY with ready', 'a released run is in line again');
select is((run(:a)).claim_order, :place, 'at its old place');
select row_eq(
    format(
        'select attempts, lease_losses, lease_no, leased_by, leased_until, errors_json
        from task_runs where result_id = %s', :a
    ),
    row(0, 0, 1::bigint, null::text, null::timestamptz, '[]'::jsonb),
    'no attempt is burnt, nothing is an error, and the lease number goes on'
);
select is(claims(2), 'a b', 'it is claimed before what came later');
select is((run(:a)).lease_no, 2::bigint, 'under a new lease');

select throws_ok(
    format('select reproq_release(%s, 1)', :a), 'RQ001', null, 'the old lease cannot release it again'
);
select reproq_cancel(:a);
select reproq_release(:a, 2);
select is(
    in_words(:a), 'CANCELLED with none', 'a run released with its cancellation requested ends (I21)'
);
select throws_ok(
    format('select reproq_release(%s, 2)', :a), 'RQ003', format('run %s is already CANCELLED', :a),
    'a finished run is not released'
);
select throws_ok('select reproq_release(77, 1)', 'RQ002', 'there is no run 77', 'an unknown run is RQ002');

-- A RUNNING row of another program may never have counted an attempt.
insert into task_runs (spec_json, status, queue_name)
values ('{"task_path": "a.b"}', 'RUNNING', 'other')
returning result_id as c \gset
select reproq_release(:c, 1);
select is((run(:c)).attempts, 0, 'attempts never fall below 0');

select started('locked', '{"lock_key": "l"}') as d \gset
select enqueue('waiting', '{"lock_key": "l"}') as e \gset
select claims(5);
select reproq_release(:d, 1);
select is(in_words(:e), 'READY with ready', 'a release wakes whoever waits for the lock');
select is(claims(5), 'locked', 'but the older one comes first');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
