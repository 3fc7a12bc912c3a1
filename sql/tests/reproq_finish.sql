begin;
select no_plan();
\ir helpers/setup.sql

-- A batch of everything, answered in its order.

select started('complete') as a, started('fail', '{"max_attempts": 1}') as b,
    started('retry', '{"backoff_cap": 7200}') as c, started('release') as d,
    started('cancel') as e, started('self') as f \gset
select reproq_cancel(:e);
create temp table batch as select jsonb_build_array(
    jsonb_build_object('result_id', :f, 'lease_no', 1, 'outcome', 'fail',
        'error', '{"kind": "cancelled"}'::jsonb),
    jsonb_build_object('result_id', :a, 'lease_no', 1, 'outcome', 'complete', 'return_json', 3,
        'metadata', '{"pages": 2}'::jsonb),
    jsonb_build_object('result_id', 77, 'lease_no', 1, 'outcome', 'complete'),
    jsonb_build_object('result_id', :b, 'lease_no', 1, 'outcome', 'fail',
        'error', '{"message": "x", "kind": "timeout"}'::jsonb),
    jsonb_build_object('result_id', :c, 'lease_no', 1, 'outcome', 'fail', 'retry_in', 90,
        'error', null),
    jsonb_build_object('result_id', :d, 'lease_no', 1, 'outcome', 'release'),
    jsonb_build_object('result_id', :e, 'lease_no', 1, 'outcome', 'release'),
    jsonb_build_object('result_id', :a, 'lease_no', 9, 'outcome', 'fail')
) as outcomes;
prepare send as select * from reproq_finish('w1', (select outcomes from batch));
select results_eq(
    'send',
    format(
        'values
        (%s, 1::bigint, true, ''CANCELLED''::text, null::timestamptz),
        (%s, 1, true, ''SUCCESSFUL'', null), (77, 1, false, null, null),
        (%s, 1, true, ''FAILED'', null), (%s, 1, true, ''SCHEDULED'', _reproq_now() + ''90 s''),
        (%s, 1, true, ''READY'', _reproq_now()), (%s, 1, true, ''CANCELLED'', null),
        (%s, 9, false, ''SUCCESSFUL'', null)',
        :f, :a, :b, :c, :d, :e, :a
    ),
    'each outcome is answered in its place: whether it counted, what the run is now and when it may run next'
);
select is((run(:a)).return_json, '3', 'a complete stores its result');
select is((run(:a)).metadata_json, '{"pages": 2}', 'and replaces the metadata when it has any');
select is((run(:b)).errors_json #>> '{0,kind}', 'timeout', 'a fail stores its error');
select is((run(:c)).run_after, _reproq_now() + '90 s', 'a retry_in of a number is seconds');
select is((run(:d)).attempts, 0, 'a release burns no attempt');
select is_empty('select 1 from reproq_leases', 'no lease is left');
select results_eq(
    'send',
    format(
        'values
        (%s, 1::bigint, false, ''CANCELLED''::text, null::timestamptz),
        (%s, 1, false, ''SUCCESSFUL'', null), (77, 1, false, null, null),
        (%s, 1, false, ''FAILED'', null), (%s, 1, false, ''SCHEDULED'', _reproq_now() + ''90 s''),
        (%s, 1, false, ''READY'', _reproq_now()), (%s, 1, false, ''CANCELLED'', null),
        (%s, 9, false, ''SUCCESSFUL'', null)',
        :f, :a, :b, :c, :d, :e, :a
    ),
    'a batch that is sent twice counts once (I41)'
);
select is(jsonb_array_length((run(:b)).errors_json), 1, 'and records nothing twice');

-- The fence (I11): the same worker, a new lease.

select is(claims(), 'release', 'the released run is claimed again by the same worker');
select results_eq(
    format(
        'select accepted, status from reproq_finish(''w1'', ''[{"result_id": %s, "lease_no": 1,
            "outcome": "complete"}]'')', :d
    ),
    $$values (false, 'RUNNING'::text)$$,
    'its first lease completes nothing, without an error'
);
select is((run(:d)).return_json, null, 'and writes nothing');

-- One bad outcome does not spoil the others.

select started('large') as g \gset
select results_eq(
    format('select accepted, status from reproq_finish(''w1'', jsonb_build_array(
        jsonb_build_object(''result_id'', %s, ''lease_no'', 1, ''outcome'', ''complete'',
            ''return_json'', repeat(''x'', 1048576)),
        jsonb_build_object(''result_id'', %s, ''lease_no'', 2, ''outcome'', ''complete'')
    ))', :g, :d),
    $$values (true, 'FAILED'::text), (true, 'SUCCESSFUL')$$,
    'a result that is too large fails its own run alone'
);
select is((run(:g)).errors_json #>> '{0,kind}', 'result_too_large', 'which says so');
select started('plain') as p \gset
select results_eq(
    format('select * from reproq_finish(''w1'', ''[{"result_id": %s, "lease_no": 1, "outcome": "complete"}]'')', :p),
    format('values (%s::bigint, 1::bigint, true, ''SUCCESSFUL''::text, null::timestamptz)', :p),
    'a batch of nothing but successes is answered alike'
);
select started('null') as h \gset
select * from reproq_finish('w1', jsonb_build_array(jsonb_build_object(
    'result_id', :h, 'lease_no', 1, 'outcome', 'complete', 'return_json', null, 'retry', null,
    'retry_in', null, 'error', null, 'metadata', null
)));
select is((run(:h)).return_json, 'null', 'a JSON null is a result');
select is((run(:h)).metadata_json, '{}', 'null metadata keep what was there');
select is_empty('select * from reproq_finish(''w1'', ''[]'')', 'an empty batch is no error');

-- One outcome frees the lock that another one needs.

select started('first', '{"lock_key": "l", "backoff_base": 0}') as i \gset
select enqueue('second', '{"lock_key": "l"}') as j \gset
select claims(5);
select * from reproq_finish('w1', jsonb_build_array(
    jsonb_build_object('result_id', :i, 'lease_no', 1, 'outcome', 'complete')
));
select is(in_words(:j), 'READY with ready', 'a batch wakes whoever waits at a lock');

-- Bad arguments: nothing of the batch is done.

select started('kept', '{"queue": "kept"}') as k \gset
select throws_ok(
    format('select * from reproq_finish(%L, %L::jsonb)', 'w1', format(b.outcomes, :k)), '22023',
    b.message, b.name
)
from (values
    ('no array', '{"result_id": %s}', 'outcomes: must be an array of objects'),
    ('an outcome that is no object', '[1]', 'outcomes[0]: must be an object'),
    ('an outcome that is unknown',
        '[{"result_id": %1$s, "lease_no": 1, "outcome": "complete"},
          {"result_id": %1$s, "lease_no": 1, "outcome": "done"}]',
        'outcomes[1].outcome: must be complete, fail, release or recorded'),
    ('no outcome', '[{"result_id": %s, "lease_no": 1}]',
        'outcomes[0].outcome: must be complete, fail, release or recorded'),
    ('no id', '[{"lease_no": 1, "outcome": "fail"}]', 'outcomes[0].result_id: must be an id'),
    ('an id that is no number', '[{"result_id": "x", "lease_no": 1, "outcome": "fail"}]',
        'outcomes[0].result_id: must be an id'),
    ('no lease', '[{"result_id": %s, "outcome": "fail"}]', 'outcomes[0].lease_no: must be a number'),
    ('an error that is no object',
        '[{"result_id": %s, "lease_no": 1, "outcome": "fail", "error": "x"}]',
        'outcomes[0].error: must be an object'),
    ('metadata that are no object',
        '[{"result_id": %s, "lease_no": 1, "outcome": "fail", "metadata": []}]',
        'outcomes[0].metadata: must be an object'),
    ('a retry that is no boolean',
        '[{"result_id": %s, "lease_no": 1, "outcome": "fail", "retry": "yes"}]',
        'outcomes[0].retry: must be true or false'),
    ('a negative delay', '[{"result_id": %s, "lease_no": 1, "outcome": "fail", "retry_in": -1}]',
        'outcomes[0].retry_in: must be an interval, or seconds, from 0 to 10 years'),
    ('a delay that is no interval',
        '[{"result_id": %s, "lease_no": 1, "outcome": "fail", "retry_in": "soon"}]',
        'outcomes[0].retry_in: must be an interval, or seconds, from 0 to 10 years')
) b (name, outcomes, message);
select throws_ok(
    'select * from reproq_finish(null, ''[]'')', '22004', 'worker_id: must not be null', 'a null worker'
);
select throws_ok('select * from reproq_finish(''w'', null)', '22023', null, 'null outcomes');
select is(in_words(:k), 'RUNNING with lease', 'a refused batch changes nothing');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- Two outcomes for one lease, and metadata that no record takes.

select started('twice') as twice \gset
select results_eq(
    format($$select accepted, status from reproq_finish('w1', '[
        {"result_id": %1$s, "lease_no": 1, "outcome": "complete", "return_json": "first"},
        {"result_id": %1$s, "lease_no": 1, "outcome": "fail"}
    ]')$$, :twice),
    $$values (true, 'SUCCESSFUL'::text), (false, 'SUCCESSFUL')$$,
    'of two outcomes for one lease the first counts'
);
select is((run(:twice)).return_json, '"first"', 'and is what is recorded');
select started('wordy') as wordy \gset
select throws_ok(
    format($$select reproq_finish('w1', jsonb_build_array(jsonb_build_object(
        'result_id', %s, 'lease_no', 1, 'outcome', 'complete',
        'metadata', jsonb_build_object('a', repeat('x', 1048576))
    )))$$, :wordy),
    'RQ004', 'outcomes[0].metadata: is larger than 1 MiB', 'metadata above 1 MiB is refused by name'
);
select is(in_words(:wordy), 'RUNNING with lease', 'and nothing is lost');

select * from finish();
rollback;
