begin;
select no_plan();
\ir helpers/setup.sql

select is_empty('select * from reproq_stats()', 'an empty queue has no row');

select enqueue('a') as a, advance('1 minute'), enqueue('b') as b,
    enqueue('later', '{"run_in": 60}') as later, enqueue('m', '{"queue": "mail"}') as m \gset
select started('holder', '{"lock_key": "l"}') as holder \gset
select enqueue('parked', '{"lock_key": "l", "priority": 999}');
select claims();
select (run(:a)).status \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_edges (result_id, waits_for) values (:waiting, :b), (:waiting, :holder);
select started('ok', '{"queue": "mail"}') as ok, started('bad', '{"queue": "mail"}') as bad \gset
select reproq_complete(:ok, 1), reproq_fail(:bad, 1, '{}', false);
select reproq_cancel(:m);

select results_eq(
    'select * from reproq_stats()',
    format(
        $$values
        ('default'::text, 1::bigint, 1::bigint, 1::bigint, 1::bigint, 2::bigint, 0::bigint, 0::bigint,
            0::bigint, '2100-01-01 12:01Z'::timestamptz),
        ('mail', 0, 0, 0, 0, 0, 1, 1, 1, null)$$
    ),
    'every state of every queue is counted, and the age of the line is shown'
);
select advance('1 hour');
select is(
    (select successful + failed + cancelled from reproq_stats('1 hour 1 s') where queue_name = 'mail'),
    3::bigint, 'what finished within the time is counted'
);
select is_empty(
    'select 1 from reproq_stats(''59 minutes'') where queue_name = ''mail''', 'what finished before is not'
);
select throws_ok('select * from reproq_stats(' || v || ')', '22023',
    'finished_within: must be between 0 and 1000 years', 'finished_within ' || v)
from unnest(array['null', '''-1 s''', '''200000 years''']) v;

select * from finish();
rollback;
