begin;
select plan(4);
\ir helpers/setup.sql

select started('a', '{"queue": "mail", "max_attempts": 1}') as a \gset
select reproq_fail(:a, 1, '{"message": "no luck", "kind": "timeout"}');
select row_eq(
    format(
        'select queue_name, task_path, status, attempts, failed_at, last_error, spec_json -> ''args'',
            errors_json #>> ''{0,kind}'', spec_hash, worker_ids, enqueued_at
        from reproq_inspect(%s)', :a
    ),
    row(
        'mail'::text, 'shop.tasks.work'::text, 'FAILED'::text, 1, _reproq_now(), 'no luck'::text, '["a"]'::jsonb,
        'timeout'::text, (run(:a)).spec_hash::text, '["w1"]'::jsonb, _reproq_now()
    ),
    'what was to be run and what came of it'
);
select bag_eq(
    format('select key, value from reproq_inspect(%s) i, jsonb_each(to_jsonb(i))', :a),
    format(
        'select key, value from task_runs r, jsonb_each(to_jsonb(r)) where result_id = %s and key = any(array(
            select jsonb_object_keys(to_jsonb(i)) from reproq_inspect(%1$s) i))', :a
    ),
    'each column is the record''s'
);
select throws_ok('select * from reproq_inspect(77)', 'RQ002', 'there is no run 77', 'an unknown run');
select throws_ok('select * from reproq_inspect(null)', 'RQ002', null, 'a null');

select * from finish();
rollback;
