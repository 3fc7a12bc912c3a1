begin;
select no_plan();
\ir helpers/setup.sql

insert into reproq_leases (
    result_id, lease_no, worker_id, leased_until, lease_length, lock_key, concurrency_key, slot,
    concurrency_limit
)
values
    (1, 1, 'w', _reproq_now(), '1 s', 'a', 'a', 1, 5), (2, 1, 'w', _reproq_now(), '1 s', null, 'a', 3, 5),
    (3, 1, 'w', _reproq_now(), '1 s', 'b', null, null, null);
select is(_reproq_places_taken('key:a'), 2, 'RUNNING runs hold places at a key');
select is(_reproq_places_taken('lock:a'), 1, 'a lock of the same name is another gate');
select is(_reproq_places_taken('lock:c'), 0, 'nobody holds it');
select is(_reproq_places_taken('key:b'), 0, 'nor a key of a lock''s name');

select * from finish();
rollback;
