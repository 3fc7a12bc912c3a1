begin;
select no_plan();
\ir helpers/setup.sql

select started('a', '{"result_ttl": 3600, "lock_key": "l"}') as a \gset
select enqueue('b', '{"lock_key": "l"}') as b \gset
select claims();
select advance('1 minute');
select reproq_complete(:a, 1, '{"sum": 3}');
select is(in_words(:a), 'SUCCESSFUL with none', 'a completed run holds nothing any more');
select row_eq(
    format(
        'select return_json, finished_at, failed_at, delete_after, errors_json, last_error,
            leased_by, leased_until, attempts
        from task_runs where result_id = %s', :a
    ),
    row(
        '{"sum": 3}'::jsonb, '2100-01-01 12:01Z'::timestamptz, null::timestamptz,
        '2100-01-01 13:01Z'::timestamptz, '[]'::jsonb, null::text, null::text, null::timestamptz, 1
    ),
    'the record has the result, the time and nothing else'
);
select is(in_words(:b), 'READY with ready', 'whoever waited for its lock is back in line');

-- Results of every kind.

select started('null', '{"lock_key": "other"}') as n \gset
select reproq_complete(:n, 1, 'null');
select is((run(:n)).return_json, 'null', 'a JSON null is a result');
select claims();
select reproq_complete(:b, 1, null);
select is((run(:b)).return_json, 'null', 'no result is a JSON null, too');
select started('default') as d \gset
select reproq_complete(:d, 1);
select is((run(:d)).return_json, 'null', 'so is a result that was left out');
select started('mebibyte') as m \gset
select reproq_complete(:m, 1, to_jsonb(repeat('x', 1048574)));
select is((run(:m)).status, 'SUCCESSFUL', 'a result of 1 MiB is taken');
select started('large') as l \gset
select reproq_complete(:l, 1, to_jsonb(repeat('x', 1048575)));
select is(in_words(:l), 'FAILED with none', 'one above ends the run as FAILED: it has run');
select is(
    array[(run(:l)).errors_json #>> '{0,kind}', (run(:l)).last_error],
    array['result_too_large', 'result_too_large: the result has more than 1 MiB of JSON text'],
    'and is recorded as too large'
);
select is((run(:l)).return_json, null, 'without the result');

-- Cancellation comes too late for what is done; so does the end of a lease.

select started('done') as done \gset
select reproq_cancel(:done);
select reproq_complete(:done, 1, '1');
select is((run(:done)).status, 'SUCCESSFUL', 'a run that completes before its cancel arrives has succeeded');
select started('slow') as slow \gset
select advance('1 hour');
select reproq_complete(:slow, 1);
select is(
    (run(:slow)).status, 'SUCCESSFUL',
    'a lease that ran out and was not reclaimed may still complete (I12)'
);

-- The fence (I11).

select started('fenced') as f \gset
select advance('5 minutes');
select reproq_reclaim();
select throws_ok(
    format('select reproq_complete(%s, 1, ''1'')', :f), 'RQ001',
    format('lease 1 of run %s is not current: the run is READY with lease 1', :f),
    'a reclaimed run refuses the lost lease'
);
select claims(1, '{default}', 'w1');
select throws_ok(
    format('select reproq_complete(%s, 1, ''1'')', :f), 'RQ001',
    format('lease 1 of run %s is not current: the run is RUNNING with lease 2', :f),
    'also when the same worker has claimed it again'
);
select throws_ok(
    format('select reproq_complete(%s, 3)', :f), 'RQ001', null, 'a lease to come is not current either'
);
select is(in_words(:f), 'RUNNING with lease', 'and nothing has changed');
select reproq_complete(:f, 2, '2');
select throws_ok(
    format('select reproq_complete(%s, 2, ''3'')', :f), 'RQ003',
    format('run %s is already SUCCESSFUL', :f), 'a second outcome of the same lease is told so'
);
select throws_ok(
    format('select reproq_complete(%s, 1)', :f), 'RQ001', null, 'an older one is outdated'
);
select is((run(:f)).return_json, '2', 'the first one stands');
select started('again') as r \gset
select reproq_fail(:r, 1, '{}', retry => false);
select reproq_retry(:r);
select claims();
select throws_ok(
    format('select reproq_complete(%s, 1)', :r), 'RQ001', null,
    'an operator''s retry does not bring an old lease back'
);
select reproq_complete(:r, 2);
select is((run(:r)).status, 'SUCCESSFUL', 'the new lease is good');

-- Bad arguments.

select throws_ok(
    'select reproq_complete(77, 1)', 'RQ002', 'there is no run 77', 'an unknown run is RQ002'
);
select throws_ok('select reproq_complete(null, 1)', '22004', null, 'a null id names itself');
select throws_ok(format('select reproq_complete(%s, null)', :f), '22004', null, 'so does a null lease');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
