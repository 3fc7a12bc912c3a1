begin;
select plan(2);
\ir helpers/setup.sql

select is_empty('select * from reproq_known_workers()', 'nobody has registered');
select reproq_register_worker('w1', 'host', 4, '{a,b}', '1.2');
select advance('90 s');
select reproq_register_worker('w2');
select results_eq(
    'select worker_id, hostname, concurrency, queues, version, unseen_for from reproq_known_workers() where worker_id = ''w1''
    union all select worker_id, null, null, null, null, unseen_for from reproq_known_workers() where worker_id = ''w2''',
    $$values ('w1', 'host', 4, '["a", "b"]'::jsonb, '1.2', interval '90 s'), ('w2', null, null, null, null, '0')$$,
    'each with the time since it was seen'
);

select * from finish();
rollback;
