begin;
select no_plan();
\ir helpers/setup.sql

select is(_reproq_sweep_gates(), 0, 'nothing is parked');
select started('l', '{"lock_key": "l"}') as l, started('m', '{"lock_key": "m"}') as m,
    started('k', '{"concurrency_key": "k", "concurrency_limit": 1}') as k \gset
select enqueue('l2', '{"lock_key": "l"}') as l2, enqueue('l3', '{"lock_key": "l"}') as l3,
    enqueue('m2', '{"lock_key": "m"}') as m2,
    enqueue('k2', '{"concurrency_key": "k", "concurrency_limit": 1}') as k2 \gset
select claims(9);
select is(_reproq_sweep_gates(), 0, 'gates that are full stay shut');
delete from reproq_leases where result_id in (:l, :k);
select is(_reproq_sweep_gates(), 2, 'every gate with a free place wakes its first');
select is(
    array[in_words(:l2), in_words(:l3), in_words(:m2), in_words(:k2)],
    array['READY with ready', 'BLOCKED with blocked', 'BLOCKED with blocked', 'READY with ready'],
    'and no other'
);

-- However many gates are full, none is out of reach.

delete from task_runs;
select reproq_enqueue_many((
    select jsonb_agg(jsonb_build_object(
        'task_path', 'shop.tasks.work', 'args', jsonb_build_array(n, i), 'lock_key', 'full ' || n
    ))
    from generate_series(1, 1001) n, generate_series(1, 2) i
));
select count(claims(200)) from generate_series(1, 40) \gset
select is((select count(*) from reproq_blocked), 1001::bigint, 'many gates are full');
delete from reproq_leases where lock_key = (select max(lock_key) from reproq_leases);
select is(_reproq_sweep_gates(), 1, 'the last one by name is swept, too');

select * from finish();
rollback;
