begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a, started('b') as b, started('c') as c \gset
select (run(:a))::text as before \gset
select reproq_cancel(:b);
select reproq_complete(:c, 1);
select reproq_register_worker('w1');
select advance('4 minutes');

select results_eq(
    format(
        'select * from reproq_heartbeat(''w1'', array[%s, %s, %s, 77, %s], ''{1,1,1,1,0}'')',
        :c, :b, :a, :a
    ),
    format(
        'values (%s, 1::bigint, ''done''::text), (%s, 1, ''cancel''), (%s, 1, ''held''),
            (77, 1, ''lost''), (%s, 0, ''lost'')', :c, :b, :a, :a
    ),
    'each lease has its verdict, in the order asked: unknown and outdated ones are lost'
);
select results_eq(
    'select result_id, leased_until, lease_length from reproq_leases order by 1',
    format(
        'values (%s, ''2100-01-01 12:09Z''::timestamptz, interval ''5 minutes''),
            (%s, ''2100-01-01 12:09Z'', ''5 minutes'')', :a, :b
    ),
    'held leases are renewed from now on, also where a cancellation is requested'
);
select is((run(:a))::text, :'before', 'a heartbeat writes the lease, not the record');
select is(
    (select last_seen_at from reproq_workers), _reproq_now(), 'the worker has been seen'
);
select advance('2 minutes');
select is(reproq_reclaim(), 0, 'a renewed lease is not reclaimed');
select * from reproq_heartbeat('w1', array[:a], '{1}', '1 hour');
select is(
    (select lease_length from reproq_leases where result_id = :a), '1 hour',
    'the length of a lease is the last one asked for'
);
select advance('3 minutes');
select results_eq(
    format('select verdict from reproq_heartbeat(''w1'', array[%s], ''{1}'')', :b), '{cancel}'::text[],
    'a lease that ran out and was not reclaimed is still held'
);
select advance('5 minutes');
select reproq_reclaim();
select results_eq(
    format('select verdict from reproq_heartbeat(''w1'', array[%s], ''{1}'')', :b), '{lost}'::text[],
    'a reclaimed one is lost'
);
select is(
    (select count(*) from reproq_leases), 1::bigint, 'and a heartbeat does not bring it back'
);
select is_empty('select * from reproq_heartbeat(''w1'', ''{}'', ''{}'')', 'nothing held is no error');
select lives_ok('select * from reproq_heartbeat(''nobody'', ''{}'', ''{}'')', 'nor an unknown worker');

select throws_ok('select * from reproq_heartbeat(' || b.arguments || ')', '22023', b.message, b.name)
from (values
    ('fewer numbers than ids', $$'w', '{1,2}', '{1}'$$, 'lease_nos: must be as long as result_ids'),
    ('null numbers', $$'w', '{1,2}', null$$, 'lease_nos: must be as long as result_ids'),
    ('a lease of 0', $$'w', '{}', '{}', '0'$$, 'lease: must be above 0 and at most 30 days'),
    ('a negative lease', $$'w', '{}', '{}', '-1 s'$$, null),
    ('a null lease', $$'w', '{}', '{}', null$$, null)
) b (name, arguments, message);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
