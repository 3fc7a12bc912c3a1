begin;
select no_plan();
\ir helpers/setup.sql

select started('first', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 1}') as first,
    started('second', '{"lock_key": "m"}') as second, enqueue('ready') as ready \gset
update task_runs
set lock_key = 'l', concurrency_key = 'k', concurrency_limit = 1
where result_id = :second;
delete from reproq_leases where result_id = :second;

select _reproq_lease_running(array[:second, :ready, 77]);
select results_eq(
    $$select lease_no, worker_id, lock_key, concurrency_key, slot, concurrency_limit
    from reproq_leases order by result_id$$,
    $$values
    (1::bigint, 'w1'::text, 'l'::text, 'k'::text, 1, 1), (1, 'w1', null, 'k', 2, 2)$$,
    'a run that runs gets a lease; a lock stays with whoever holds it, a slot is a further one'
);
select is(in_words(:ready), 'READY with ready', 'only RUNNING runs get one');

select * from finish();
rollback;
