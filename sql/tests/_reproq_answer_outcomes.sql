begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a, enqueue('b') as b, enqueue('c', '{"run_in": 60}') as c \gset
select results_eq(
    format(
        'select * from _reproq_answer_outcomes(
            ''[{"result_id": %1$s, "lease_no": 3}, {"result_id": 77, "lease_no": 1},
                {"result_id": %2$s, "lease_no": 1}, {"result_id": %2$s, "lease_no": 2},
                {"result_id": %3$s, "lease_no": 1}]'',
            array[%2$s, 99], ''{1,2}'')', :b, :a, :c
    ),
    format(
        $$values (%1$s, 3::bigint, false, 'READY'::text, _reproq_now()), (77, 1, false, null, null),
            (%2$s, 1, true, 'RUNNING', null), (%2$s, 2, false, 'RUNNING', null),
            (%3$s, 1, false, 'SCHEDULED', _reproq_now() + '60 s')$$, :b, :a, :c
    ),
    'each outcome in its place: accepted when run and number were, the status of its run now, and when it may run next'
);
select results_eq(
    format('select accepted from _reproq_answer_outcomes(''[{"result_id": %s, "lease_no": 1}]'', null, null)', :a),
    '{f}'::boolean[], 'none was accepted'
);
select is_empty('select * from _reproq_answer_outcomes(''[]'', null, null)', 'none was sent');

select * from finish();
rollback;
