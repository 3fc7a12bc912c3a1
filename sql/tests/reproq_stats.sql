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
insert into task_runs (spec_json, status, wait_count) values ('{"task_path": "a.b"}', 'WAITING', 2)
returning result_id as waiting \gset
insert into reproq_edges (result_id, waits_for) values (:waiting, :b), (:waiting, :holder);
select started('ok', '{"queue": "mail"}') as ok, started('bad', '{"queue": "mail"}') as bad \gset
select reproq_complete(:ok, 1), reproq_fail(:bad, 1, '{}', false);
select reproq_cancel(:m);

select results_eq(
    'select queue_name, scheduled, waiting, blocked, ready, running, successful, failed, cancelled, oldest_ready_at
    from reproq_stats()',
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

-- What an operator asks beyond that.

select started('ran', '{"queue": "ops"}') as ran \gset
select advance('4 s'), reproq_complete(:ran, 1);
select enqueue('slow', '{"queue": "ops", "run_in": 10}') as slow \gset
select advance('12 s'), claims(1, '{ops}'), advance('8 s'), reproq_complete(:slow, 1);
select row_eq(
    'select successful, avg_wait, slow_wait, avg_run, slow_run from reproq_stats(''1 minute'') where queue_name = ''ops''',
    row(2::bigint, 1::double precision, 1.9::double precision, 6::double precision, 7.8::double precision),
    'how long runs wait, from when they are due, and how long they take'
);
select started('tried', '{"queue": "ops"}') as tried, advance('1 s') \gset
select reproq_fail(:tried, 1, '{}'), enqueue('later', '{"queue": "ops", "run_in": 3600}');
select started('holds', '{"queue": "ops", "lock_key": "lock", "concurrency_key": "key", "concurrency_limit": 1}') as holds \gset
select enqueue('a', '{"queue": "ops", "lock_key": "lock"}'), enqueue('b', '{"queue": "ops", "lock_key": "lock"}'),
    enqueue('c', '{"queue": "ops", "concurrency_key": "key", "concurrency_limit": 1}'), claims(9, '{ops}');
select reproq_set_rate_limit('queue:ops', 0.1, 1);
select started('spends', '{"queue": "ops"}'), enqueue('d', '{"queue": "ops"}'), claims(9, '{ops}');
select row_eq(
    'select scheduled, retrying, next_due_at, blocked, blocked_at_lock, blocked_at_key, blocked_at_rate, running, leases_lost
    from reproq_stats() where queue_name = ''ops''',
    row(2::bigint, 1::bigint, _reproq_now() + '30 s', 4::bigint, 2::bigint, 1::bigint, 1::bigint, 2::bigint, 0::bigint),
    'what is tried again, what is due next, and at what kind of gate runs are parked'
);
select advance('5 minutes');
select is(
    (select leases_lost from reproq_stats() where queue_name = 'ops'), 2::bigint, 'leases that have run out'
);

select reproq_register_worker('w1', queues => '{default,idle}'), reproq_register_worker('w2', queues => '{default}');
select reproq_pause_queue('stopped');
select results_eq(
    'select queue_name, paused, workers, ready from reproq_stats() where queue_name <> ''ops''',
    $$values ('default'::text, false, 2::bigint, 1::bigint), ('idle', false, 1, 0), ('mail', false, 0, 0),
        ('stopped', true, 0, 0)$$,
    'a queue that is served or paused has a row, with its live workers'
);
select advance('2 minutes'), reproq_resume_queue('stopped');
select results_eq(
    'select queue_name, workers from reproq_stats() where queue_name <> ''ops''',
    $$values ('default'::text, 0::bigint), ('mail', 0)$$, 'until they are gone'
);

select * from finish();
rollback;
