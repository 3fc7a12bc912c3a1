begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a, enqueue('b') as b \gset
select results_eq(
    format(
        'select * from _reproq_answer_outcomes(
            ''[{"result_id": %1$s, "lease_no": 3}, {"result_id": 77, "lease_no": 1},
                {"result_id": %2$s, "lease_no": 1}, {"result_id": %2$s, "lease_no": 2}]'',
            array[%2$s, 99], ''{1,2}'')', :b, :a
    ),
    format(
        $$values (%1$s, 3::bigint, false, 'READY'::text), (77, 1, false, null),
            (%2$s, 1, true, 'RUNNING'), (%2$s, 2, false, 'RUNNING')$$, :b, :a
    ),
    'each outcome in its place: accepted when run and number were, with the status of its run now'
);
select results_eq(
    format('select accepted from _reproq_answer_outcomes(''[{"result_id": %s, "lease_no": 1}]'', null, null)', :a),
    '{f}'::boolean[], 'none was accepted'
);
select is_empty('select * from _reproq_answer_outcomes(''[]'', null, null)', 'none was sent');

select * from finish();
rollback;
