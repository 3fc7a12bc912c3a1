begin;
select no_plan();
\ir helpers/setup.sql

select started('running') as running, enqueue('ready') as ready, enqueue('later', '{"run_in": 60}') as later \gset
select is(_reproq_remove_stray_tickets(), 0, 'tickets that are in order stay');

insert into reproq_scheduled values (77, now()), (:ready, now());
insert into reproq_blocked values (77, 'lock:l', 'default', 1);
insert into reproq_leases (result_id, lease_no, leased_until, lease_length, worker_id)
values (:ready, 1, now(), '1 s', 'w');
insert into reproq_ready (ring, queue_name, claim_order, result_id)
select 2, queue_name, claim_order, result_id from reproq_ready;
insert into reproq_ready (ring, queue_name, claim_order, result_id) values (0, 'default', 7, :later);
select is(_reproq_remove_stray_tickets(), 6, 'strays of every kind and doubles are removed');
select is(
    array[in_words(:running), in_words(:ready), in_words(:later)],
    '{RUNNING with lease,READY with ready,SCHEDULED with scheduled}', 'and nothing else'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
