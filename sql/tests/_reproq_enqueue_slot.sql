begin;
select plan(7);
\ir helpers/setup.sql

insert into periodic_tasks (name, cron_expr, task_path, payload_json, queue_name, priority, max_attempts, concurrency_key, concurrency_limit)
values ('nightly', '0 3 * * *', 'shop.tasks.count', '[1]', 'mail', 5, 4, 'k', 2);

select _reproq_enqueue_slot(t, '2100-01-01 03:00') as id from periodic_tasks t \gset
select is(in_words(:id), 'READY with ready', 'a run in line');
select is(
    (run(:id)).spec_json, (select _reproq_slot_spec(t, '2100-01-01 03:00') from periodic_tasks t), 'with the spec of the slot'
);
select results_eq(
    format('select task_path, queue_name, priority, max_attempts, timeout_seconds, concurrency_key,
        concurrency_limit, run_after, dedup, spec_hash::text = _reproq_spec_hash(spec_json::text)
        from task_runs where result_id = %s', :id),
    $$values ('shop.tasks.count', 'mail', 5, 4, 900, 'k', 2, '2100-01-01 03:00'::timestamptz, true, true)$$,
    'whose columns say the same'
);
select is((select _reproq_enqueue_slot(t, '2100-01-01 03:00') from periodic_tasks t), :id, 'a live run of the slot is joined');
select isnt((select _reproq_enqueue_slot(t, '2100-01-01 04:00') from periodic_tasks t), :id, 'that of another is not');
select reproq_cancel(:id);
select isnt((select _reproq_enqueue_slot(t, '2100-01-01 03:00') from periodic_tasks t), :id, 'nor one that has ended');
select is(
    (select in_words(_reproq_enqueue_slot(t, '2100-01-02 03:00')) from periodic_tasks t), 'SCHEDULED with scheduled',
    'a slot that is still to come waits'
);

select * from finish();
rollback;
