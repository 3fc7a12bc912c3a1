begin;
select no_plan();
\ir helpers/setup.sql

-- Hashes that never change: two of contracts/spec_hash.json, which tests in Python check whole.

select _reproq_enqueue_specs('[
    {"task_path": "shop.tasks.charge"},
    {"task_path": "shop.tasks.charge", "args": [1, "a", null, true], "kwargs": {"amount": 5}}
]', '');
select results_eq(
    'select spec_hash::text from task_runs order by result_id',
    '{
        7e325651a29473ebd1bf2d6a0d348833c06f00386d6d5ec233f298642c384788,
        b1e1c262bdb3f25cdd5b4fb5b536515693ff063e8a85301fa0e3189a9e41290c
    }'::text[],
    'the hash of a spec is the same for ever (I7)'
);

-- Joining, expired twins, and duplicates in one batch; shown at the doors, here the rest.

select enqueue('old', '{"expires_in": 60, "run_in": 30}') as old \gset
select enqueue('running', '{"expires_in": 60, "priority": 9}') as running \gset
select claims();
select advance('60 s');
select is(
    _reproq_enqueue_specs('[{"task_path": "shop.tasks.work", "args": ["running"], "priority": 9}]', ''),
    array[:running], 'a twin that has started in time does not expire'
);
select is(
    (select array_agg(i > :old) from unnest(_reproq_enqueue_specs(
        (
            select jsonb_agg(jsonb_build_object(
                'task_path', 'shop.tasks.work', 'args', '["old"]'::jsonb, 'run_after', (run(:old)).run_after
            )) from generate_series(1, 2)
        ), ''
    )) i),
    '{t,t}', 'an expired twin makes room for one, which its duplicate joins'
);
select is(_reproq_enqueue_specs('[]', ''), '{}', 'no specs, no ids');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- A batch is inserted in the order of its hashes, so that two of them never deadlock (I6).

\ir helpers/written.sql
select _reproq_enqueue_specs(
    (select jsonb_agg(jsonb_build_object('task_path', 'order.of.hashes', 'args', jsonb_build_array(n)))
    from generate_series(1, 50) n), ''
);
select is(
    (select array_agg(result_id order by place) from written),
    (select array_agg(result_id order by spec_hash) from task_runs where task_path = 'order.of.hashes'),
    'rows are written in the order of their hashes'
);

select * from finish();
rollback;
