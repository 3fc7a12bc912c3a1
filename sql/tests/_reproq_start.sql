begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a', '{"priority": -1}') as a, enqueue('b', '{"concurrency_key": "k", "concurrency_limit": 5}') as b,
    enqueue('c', '{"expires_in": 60}') as c, enqueue('d') as d \gset
select reproq_cancel(:d);
insert into reproq_ready (ring, queue_name, claim_order, result_id)
values (0, 'default', 1, :d), (0, 'default', 2, 77);
select advance('60 s');
create temp table line as select l as ticket from reproq_ready l;
select is(
    _reproq_start(
        'w1', array(select ticket from line order by (ticket).result_id), '{null,null,4,null,null}', '1 minute'
    ),
    array[:b, :a], 'READY runs start, and are answered in line order; expired, finished and missing ones do not'
);
select is(
    array[in_words(:a), in_words(:b), in_words(:c), in_words(:d)],
    array['RUNNING with lease', 'RUNNING with lease', 'READY with ready', 'CANCELLED with ready'],
    'the tickets of those that did not start are left for the clearing'
);
select row_eq(
    format('select worker_id, leased_until, concurrency_key, slot, concurrency_limit from reproq_leases where result_id = %s', :b),
    row('w1'::text, '2100-01-01 12:02Z'::timestamptz, 'k'::text, 4, 5), 'a lease takes the slot that was found'
);
select is(
    _reproq_start('w1', array(select ticket from line), null, '1 minute'), '{}', 'nobody starts twice'
);
select is((run(:a)).attempts, 1, 'or counts twice');
select is(_reproq_start('w1', '{}', null, '1 minute'), '{}', 'no ticket, no run');

select * from finish();
rollback;
