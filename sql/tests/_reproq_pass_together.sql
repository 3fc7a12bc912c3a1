begin;
select no_plan();
\ir helpers/setup.sql

create function keyed(name text, lock_key text, concurrency_key text, lim integer) returns bigint
language sql volatile as $$
    select enqueue(name, jsonb_build_object(
        'lock_key', lock_key, 'concurrency_key', concurrency_key, 'concurrency_limit', lim
    ));
$$;
create function together(max_gates integer, out result text) language sql volatile as $$
    select format(
        '%s; taken %s; locked %s%s%s',
        (
            select coalesce(string_agg((run(p.result_id)).spec_json #>> '{args,0}', ' '), 'none')
            from unnest(g.passed) p
        ),
        (
            select coalesce(jsonb_object_agg(t.gate, t.taken), '{}')
            from unnest(g.gates, g.taken) t (gate, taken)
        ),
        g.locked, case when g.left_out then ', more' end, case when g.empty then ', empty' end
    )
    from _reproq_pass_together(
        array(select l from reproq_ready l order by l.claim_order, l.result_id), max_gates
    ) g;
$$;

select is(together(9), 'none; taken {}; locked 0, empty', 'nobody passes an empty line');
select keyed('free', null, null, 0), keyed('a', 'l', 'k', 2), keyed('b', null, 'k', 2) as b \gset
select is(
    together(9), 'free a b; taken {"key:k": 0, "lock:l": 0}; locked 2, empty',
    'where each gate has room for all, all pass, in their order'
);
select is(together(1), 'free b; taken {"key:k": 0}; locked 1, more, empty', 'behind gates beyond the limit nobody passes');

insert into reproq_leases (
    result_id, lease_no, worker_id, leased_until, lease_length, concurrency_key, slot, concurrency_limit
)
values (1, 1, 'w', _reproq_now() + '1 h', '1 h', 'k', 1, 2);
select is(
    together(9), 'none; taken {"key:k": 1, "lock:l": 0}; locked 2',
    'where one gate has too little room nobody does, and the caller learns how full each is'
);
delete from reproq_leases;
select keyed('narrow', null, 'k', 1);
select is(
    together(9), 'none; taken {"key:k": 0, "lock:l": 0}; locked 2, empty', 'of several limits the lowest has to do'
);

select * from finish();
rollback;
