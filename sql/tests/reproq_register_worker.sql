begin;
select no_plan();
\ir helpers/setup.sql

select reproq_register_worker('w1', 'host', 4, '{mail,default}', '1.2');
prepare worker as
select hostname, concurrency, queues, version, started_at, last_seen_at from reproq_workers;
select row_eq(
    'execute worker',
    row(
        'host'::text, 4, '["mail", "default"]'::jsonb, '1.2'::text, _reproq_now(), _reproq_now()
    ),
    'a worker is entered as it says'
);
select advance('1 minute');
select reproq_register_worker('w1', 'other', 2, '{bulk}');
select row_eq(
    'execute worker',
    row(
        'other'::text, 2, '["bulk"]'::jsonb, null::text, _reproq_now() - interval '1 minute', _reproq_now()
    ),
    'saying it again renews what it said, and keeps when it started'
);
select reproq_register_worker('w2');
select is(
    (select (hostname, concurrency, queues, version)::text from reproq_workers where worker_id = 'w2'),
    '("",1,"[""default""]",)', 'only its name is needed'
);
select lives_ok('select reproq_register_worker(''w3'', null)', 'an unknown host is no error');

select throws_ok('select reproq_register_worker(' || b.arguments || ')', '22023', b.message, b.name)
from (values
    ('a null worker', 'null', 'worker_id: must be a name of 1 to 255 characters'),
    ('an empty worker', $$''$$, 'worker_id: must be a name of 1 to 255 characters'),
    ('no queues', $$'w', queues => '{}'$$, 'queues: must be 1 to 1000 names, none of them null'),
    ('null queues', $$'w', queues => null$$, null),
    ('concurrency 0', $$'w', concurrency => 0$$, null),
    ('null concurrency', $$'w', concurrency => null$$, null)
) b (name, arguments, message);
select is((select count(*) from reproq_workers), 3::bigint, 'a refused worker is not entered');

select * from finish();
rollback;
