begin;
select no_plan();

select lives_ok('select _reproq_check_claim(' || g.arguments || ')', g.name)
from (values
    ('an ordinary claim', $$'w1', '{default}', 1, '5 minutes', '0'$$),
    ('a worker of 255 characters', $$repeat('w', 255), '{default}', 1, '5 minutes', '0'$$),
    ('names that look like SQL', $$'%I''; --', array['q''; drop table x;--', '%s'], 1, '5 m', '0'$$),
    ('a million tasks', $$'w1', '{default}', 1000000, '5 minutes', '1 hour'$$)
) g (name, arguments);
select throws_ok('select _reproq_check_claim(' || b.arguments || ')', '22023', b.message, b.name)
from (values
    ('the worker is named', $$' ', '{default}', 1, '5 minutes', '0'$$,
        'worker_id: must be a name of 1 to 255 characters'),
    ('the queues are named', $$'w', '{}', 1, '5 minutes', '0'$$,
        'queues: must be 1 to 1000 names, none of them null'),
    ('max_tasks is named', $$'w', '{q}', 0, '5 minutes', '0'$$, 'max_tasks: must be at least 1'),
    ('the lease is named', $$'w', '{q}', 1, '0', '0'$$, 'lease: must be above 0 and at most 30 days'),
    ('the wait is named', $$'w', '{q}', 1, '1 s', '2 hours'$$, 'wait: must be between 0 and 1 hour')
) b (name, arguments, message);

select * from finish();
rollback;
