begin;
select no_plan();
\ir helpers/setup.sql

select started('l', '{"lock_key": "l"}') as l, started('k1', '{"concurrency_key": "k", "concurrency_limit": 3}') as k1,
    started('k2', '{"concurrency_key": "k", "concurrency_limit": 3}') as k2 \gset
select enqueue('l2', '{"lock_key": "l"}'), enqueue('narrow', '{"concurrency_key": "k", "concurrency_limit": 1}'),
    enqueue('broad', '{"concurrency_key": "k", "concurrency_limit": 2, "queue": "other"}');
select claims(9), claims(9, '{other}');
select is((select count(*) from reproq_blocked), 3::bigint, 'three are parked');
select ok(not _reproq_has_room('lock:l'), 'a lock that is taken has none');
select ok(not _reproq_has_room('key:k'), 'nor has a key with as many runs as the broadest limit');
select ok(not _reproq_has_room('lock:none'), 'where nobody is parked there is room for nobody');
delete from reproq_leases where result_id in (:l, :k1);
select ok(_reproq_has_room('lock:l'), 'a lock that is free has');
select ok(_reproq_has_room('key:k'), 'so has a key with fewer runs than one of the limits');
select is(_reproq_has_room(null), false, 'no gate, no room');

select * from finish();
rollback;
