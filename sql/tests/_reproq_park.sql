begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 3}') as a,
    enqueue('b', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 3}') as b,
    enqueue('c') as c \gset
insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length, lock_key)
values (1, 1, 'w', _reproq_now() + '1 h', '1 h', 'l');
create temp table line as select l as ticket from reproq_ready l;
select results_eq(
    format('select * from _reproq_park(array(select ticket from line), array[%s, %s], ''{lock:l,key:k}'')', :a, :b),
    'values (2, 0)', 'parking wakes nobody where nobody waits'
);
select results_eq(
    'select result_id, gate collate "default", queue_name, claim_order, concurrency_limit from reproq_blocked order by 1',
    format(
        $$values (%s, 'lock:l', 'default', %s, 1), (%s, 'key:k', 'default', %s, 3)$$,
        :a, (run(:a)).claim_order, :b, (run(:b)).claim_order
    ),
    'each is parked at its gate, in its place, with the gate''s room for it'
);
select is(
    array[in_words(:a), in_words(:b), in_words(:c)],
    array['BLOCKED with blocked', 'BLOCKED with blocked', 'READY with ready'],
    'they leave the line, others do not'
);

-- A ticket whose record says otherwise is not parked (I52).
select reproq_cancel(:c);
select lives_ok(
    format('select _reproq_park(array(select ticket from line), array[%s, %s], ''{lock:l,lock:l}'')', :c, :a),
    'a ticket that is outdated is no error'
);
select is(in_words(:c), 'CANCELLED with none', 'its run is not touched');

-- Whoever is awake for one gate and parks at another leaves its place to the next (I51).

delete from task_runs;
delete from reproq_leases;
select started('x', '{"lock_key": "l"}') as x,
    started('y', '{"concurrency_key": "k", "concurrency_limit": 1}') as y \gset
select enqueue('both', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 1}') as both,
    enqueue('lock', '{"lock_key": "l"}') as lock \gset
select is(claims(5), '', 'lock and key are taken');
select reproq_complete(:x, 1);
select is(
    array[in_words(:both), in_words(:lock)], array['READY with ready', 'BLOCKED with blocked'],
    'the free lock wakes the first'
);
select is(claims(), 'lock', 'which parks at its key and leaves the lock to the next, in the same claim (I13)');
select is((select gate from reproq_blocked where result_id = :both), 'key:k', 'it waits at the key now');
select reproq_complete(:lock, 1), reproq_complete(:y, 1);
select is(claims(), 'both', 'and starts when that is free');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- The same the other way round.
select reproq_complete(:both, 1);
select started('x2', '{"lock_key": "l"}') as x, started('y2', '{"concurrency_key": "k", "concurrency_limit": 1}') as y \gset
select enqueue('key 1', '{"lock_key": "z", "concurrency_key": "k", "concurrency_limit": 1}') as k1,
    enqueue('key 2', '{"concurrency_key": "k", "concurrency_limit": 1}') as k2 \gset
select claims(5);
select started('z', '{"lock_key": "z"}') as z \gset
select reproq_complete(:y, 1);
select is(claims(), 'key 2', 'a run that finds its lock taken leaves the key to the next');
select is((select gate from reproq_blocked where result_id = :k1), 'lock:z', 'and waits at the lock');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
