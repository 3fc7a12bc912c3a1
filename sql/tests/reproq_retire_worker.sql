begin;
select no_plan();
\ir helpers/setup.sql

select reproq_register_worker('w1'), reproq_register_worker('w2');
select * from reproq_claim('w1', wait => '1 minute');
select * from reproq_claim('w2', wait => '1 minute');
select started('a') as a \gset
select reproq_retire_worker('w1');
select is(
    (select array_agg(worker_id) from reproq_workers), '{w2}', 'a retired worker leaves the registry'
);
select is((select array_agg(worker_id) from reproq_waiters), '{w2}', 'and no longer waits for a NOTIFY');
select is(in_words(:a), 'RUNNING with lease', 'a lease that it still holds runs out by itself');
select lives_ok('select reproq_retire_worker(''w1'')', 'retiring twice is no error');
select lives_ok('select reproq_retire_worker(null)', 'nor is nobody');

select * from finish();
rollback;
