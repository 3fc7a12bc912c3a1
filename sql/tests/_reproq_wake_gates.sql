begin;
select no_plan();
\ir helpers/setup.sql

create function park(name text, gate text, queue text, lim integer) returns bigint
language plpgsql volatile as $$
declare
    v_id bigint := enqueue(name, jsonb_build_object('queue', queue) || case
        when gate like 'lock:%' then jsonb_build_object('lock_key', substr(gate, 6))
        else jsonb_build_object('concurrency_key', substr(gate, 5), 'concurrency_limit', lim)
    end);
begin
    perform _reproq_park(array(select l from reproq_ready l), array[v_id], array[gate]);
    return v_id;
end;
$$;
create function awake() returns text language sql volatile as $$
    select coalesce(string_agg(r.spec_json #>> '{args,0}', ' ' order by t.queue_name, t.claim_order, t.result_id), 'none')
    from reproq_ready t inner join task_runs r on r.result_id = t.result_id;
$$;

-- A lock.

select park('a', 'lock:l', 'q', 0) as a, park('b', 'lock:l', 'q', 0), park('c', 'lock:l', 'other', 0),
    park('d', 'lock:m', 'q', 0) \gset
select (run(:a)).claim_order as place \gset
select is(_reproq_wake_gates('{lock:l,lock:none}', true), 2, 'a free lock wakes');
select is(awake(), 'c a', 'the first of each queue, for one of them may have no worker');
select is(in_words(:a), 'READY with ready', 'which stands in line');
select is((run(:a)).claim_order, :place, 'at its old place');
select is(claims(5, '{q}'), 'a', 'one takes the lock');
select is(_reproq_wake_gates('{lock:l}', false), 0, 'a lock that is taken wakes nobody');

-- A key whose runs have limits of their own.

delete from task_runs;
select park(n, 'key:k', 'q', 2) from unnest('{a,b,c}'::text[]) n;
select park(n, 'key:k', 'q', 4) from unnest('{d,e,f,g,h}'::text[]) n;
insert into reproq_leases (
    result_id, lease_no, worker_id, leased_until, lease_length, concurrency_key, slot, concurrency_limit
)
values (1, 1, 'w', _reproq_now() + '1 h', '1 h', 'k', 1, 2);
select is(_reproq_wake_gates('{key:k}', true), 4, 'a key wakes as many as each limit has places');
select is(awake(), 'a d e f', 'the first of each limit: one place of two, three of four');
update reproq_leases set concurrency_key = null, slot = null;

-- Names are data (I45).

delete from task_runs;
delete from reproq_leases;
select park('odd', 'lock:q''; drop table x;--%I', 'q', 0), park('key', 'key:lock:x', 'q', 1);
select is(
    _reproq_wake_gates(array['lock:q''; drop table x;--%I', 'key:lock:x'], true), 2,
    'names that look like SQL or like other gates are names'
);

-- A ticket at a gate whose record says otherwise (I52).

delete from task_runs;
select enqueue('ready') as ready, started('running') as running \gset
insert into reproq_blocked (result_id, gate, queue_name, claim_order, concurrency_limit)
values (:ready, 'lock:s', 'default', 1, 1), (:running, 'lock:t', 'default', 2, 1), (77, 'lock:u', 'default', 3, 1);
select enqueue('behind', '{"lock_key": "s"}') as behind \gset
select _reproq_park(array(select l from reproq_ready l), array[:behind], '{lock:s}');
select is(
    _reproq_wake_gates('{lock:s,lock:t,lock:u}', true), 1, 'outdated tickets wake nobody and hide nobody'
);
select is(in_words(:behind), 'READY with ready', 'the first run that is parked is awake');
delete from reproq_blocked;
select is(
    array[in_words(:ready), in_words(:running)], array['READY with ready', 'RUNNING with lease'],
    'the runs are not touched, nor their tickets doubled'
);
select is(_reproq_wake_gates('{}', true), 0, 'no gate wakes nobody');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
