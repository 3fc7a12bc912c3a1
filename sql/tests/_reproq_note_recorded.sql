begin;
select no_plan();
\ir helpers/setup.sql

select started('done') as a, started('running') as b, started('again', '{"max_attempts": 2}') as c,
    started('another') as d \gset
select reproq_complete(:a, 1, '7');
select reproq_fail(:c, 1, '{}', true, '0');
select is(claims(), 'again', 'it is claimed again');
select reproq_complete(:c, 2);
select results_eq(
    format(
        $$select * from _reproq_note_recorded('[
            {"result_id": %s, "lease_no": 1, "outcome": "recorded", "logs_uri": "/logs/a"},
            {"result_id": %s, "lease_no": 1, "outcome": "recorded", "logs_uri": "/logs/b"},
            {"result_id": %s, "lease_no": 1, "outcome": "recorded", "logs_uri": "/logs/c"},
            {"result_id": 77, "lease_no": 1, "outcome": "recorded"}
        ]')$$,
        :a, :b, :c
    ),
    format('values (%s::bigint, 1::bigint)', :a),
    'only a run that was completed under this lease is found'
);
select is((run(:a)).logs_uri, '/logs/a', 'and knows its log now');
select is((run(:b)).logs_uri, null, 'one that runs does not');
select is((run(:c)).logs_uri, null, 'nor one that another lease completed (I11)');
select _reproq_note_recorded(
    format('[{"result_id": %s, "lease_no": 1, "outcome": "recorded"}]', :a)::jsonb
);
select is((run(:a)).logs_uri, '/logs/a', 'without a log what there is stays');

-- Through the door of workers.

select results_eq(
    format(
        $$select accepted, status from reproq_finish('w', '[
            {"result_id": %s, "lease_no": 1, "outcome": "recorded", "logs_uri": "/logs/d"},
            {"result_id": %s, "lease_no": 1, "outcome": "recorded"},
            {"result_id": %s, "lease_no": 1, "outcome": "complete", "logs_uri": "/logs/e"}
        ]')$$,
        :a, :b, :d
    ),
    $$values (true, 'SUCCESSFUL'), (false, 'RUNNING'), (true, 'SUCCESSFUL')$$,
    'reproq_finish answers each in its place'
);
select is((run(:d)).logs_uri, '/logs/e', 'and stores the logs_uri of an outcome');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
