begin;
select no_plan();
\ir helpers/setup.sql

create function keyed(name text, lock_key text, concurrency_key text, lim integer) returns bigint
language sql volatile as $$
    select enqueue(name, jsonb_build_object(
        'lock_key', lock_key, 'concurrency_key', concurrency_key, 'concurrency_limit', lim
    ));
$$;
create function pass(wanted integer, out result text) language sql volatile as $$
    select format(
        '%s; slots %s; parked %s',
        (
            select coalesce(string_agg((run(p.result_id)).spec_json #>> '{args,0}', ' ' order by p.place), 'none')
            from unnest(g.passed) with ordinality p (
                ring, concurrency_limit, claim_order, result_id, queue_name, lock_key,
                concurrency_key, place
            )
        ),
        array_to_string(g.places, ' ', '-'), g.parked
    )
    from _reproq_pass_gates(
        array(select l from reproq_ready l order by l.claim_order, l.result_id), null, wanted, 64
    ) g;
$$;

select keyed('free', null, null, 0), keyed('l1', 'l', null, 0), keyed('l2', 'l', null, 0) as l2,
    keyed('m1', 'm', null, 0) \gset
select is(
    pass(10), 'free l1 m1; slots - - -; parked 1',
    'of a lock one passes, the rest is parked, and those without gates pass'
);
select is(in_words(:l2), 'BLOCKED with blocked', 'whoever finds the lock taken in the same batch is parked');
select is((select gate from reproq_blocked), 'lock:l', 'at that lock');

delete from task_runs;
select keyed('a', null, 'k', 2), keyed('b', null, 'k', 2), keyed('c', null, 'k', 2) as c,
    keyed('wide', null, 'k', 3) as wide, keyed('both', 'l', 'k2', 1) \gset
select is(
    pass(10), 'a b wide both; slots 1 2 3 1; parked 1',
    'of a key as many pass as the run''s own limit has places, each with the lowest free slot'
);
select is(
    (select (gate, concurrency_limit)::text from reproq_blocked), '(key:k,2)',
    'the others are parked at the key, with their limit'
);
delete from task_runs;
select keyed(n, 'l', null, 0) from unnest('{a,b,c}'::text[]) n;
select is(pass(1), 'a; slots -; parked 0', 'behind as many as are wanted nobody is looked at');

delete from task_runs;
select keyed('a', null, 'k', 3), keyed('other', null, 'k2', 1), keyed('b', null, 'k', 3), keyed('none', 'l', null, 0);
select is(
    pass(10), 'a other b none; slots 1 1 2 -; parked 0', 'with room for all each gets a slot of its own'
);

-- Slots in use are passed over.
delete from task_runs;
insert into reproq_leases (
    result_id, lease_no, worker_id, leased_until, lease_length, concurrency_key, slot, concurrency_limit
)
values (1, 1, 'w', _reproq_now() + '1 h', '1 h', 'k', 1, 9), (2, 1, 'w', _reproq_now() + '1 h', '1 h', 'k', 3, 9);
select keyed('a', null, 'k', 4), keyed('b', null, 'k', 4), keyed('c', null, 'k', 4), keyed('narrow', null, 'k', 1);
select is(pass(10), 'a b; slots 2 4; parked 2', 'the lowest slots that nobody holds are given');
delete from reproq_leases;

-- So many gates and no more: the rest stays in line.
delete from task_runs;
select keyed(n || '', n || '', null, 0) from generate_series(1, 70) n;
select results_eq(
    $$select cardinality(g.passed), g.parked, g.locked, g.left_out
    from _reproq_pass_gates(array(select l from reproq_ready l), null, 100, 64) g$$,
    'values (64, 0, 64, true)', 'no more gates are locked than are granted'
);
select is((select count(*) from reproq_ready), 70::bigint, 'nobody beyond is parked');
select ok(
    not (_reproq_pass_gates(array(select l from reproq_ready l), null, 70, 70)).left_out,
    'with enough of them nobody is left out'
);


-- Token buckets.

delete from task_runs;
delete from rate_limits;
select reproq_set_rate_limit('task:a', 1, 2), reproq_set_rate_limit('queue:default', 1, 1);
select enqueue('locked'), enqueue('a1'), enqueue('q1'), enqueue('a2'), enqueue('a3') as a3, enqueue('free'), enqueue('q2') as q2 \gset
select results_eq(
    $$
        select (run(p.result_id)).spec_json #>> '{args,0}', p.bucket, g.parked
        from _reproq_pass_gates(
            array(select l from reproq_ready l order by l.claim_order, l.result_id),
            '{null,task:a,queue:default,task:a,task:a,null,queue:default}', 9, 64
        ) g
        cross join unnest(g.passed, g.paid_by) p (
            ring, concurrency_limit, claim_order, result_id, queue_name, lock_key, concurrency_key, bucket
        )
    $$,
    $$
        values ('locked', null, 2), ('a1', 'task:a', 2), ('q1', 'queue:default', 2), ('a2', 'task:a', 2), ('free', null, 2)
    $$,
    'as many pass a bucket as it has tokens'
);
select results_eq(
    'select result_id, gate collate "default", concurrency_limit from reproq_blocked order by 1',
    format($$values (%s, 'rate:task:a', 0), (%s, 'rate:queue:default', 0)$$, :a3, :q2),
    'the others are parked at theirs'
);
select is((select sum(current_tokens) from rate_limits), 3::double precision, 'nothing is spent before a run has started');

-- One bucket for all.
delete from task_runs;
create function paid(bucket text, out result text) language sql volatile as $$
    select format('%s; parked %s', g.paid_by, g.parked)
    from _reproq_pass_gates(
        array(select l from reproq_ready l order by l.claim_order, l.result_id),
        array_fill(bucket, array[(select count(*) from reproq_ready)::integer]), 9, 64
    ) g;
$$;
select enqueue('a1'), enqueue('a2');
select is(paid('task:a'), '{task:a,task:a}; parked 0', 'a bucket with a token for each lets all pass, and pays');
select is(paid('task:none'), '{}; parked 0', 'one that is not there any more lets nobody pass, and parks nobody');
select enqueue('a3');
select is(paid('task:a'), '{task:a,task:a}; parked 1', 'one with fewer parks the rest');
delete from task_runs;
select keyed('l1', 'l', null, 0), keyed('l2', 'l', null, 0) as l2, keyed('l3', 'm', null, 0) as l3 \gset
select g.parked from _reproq_pass_gates(
    array(select l from reproq_ready l order by l.claim_order, l.result_id),
    array_fill('queue:default'::text, '{3}'), 9, 64
) g;
select results_eq(
    'select result_id, gate collate "default" from reproq_blocked order by 1',
    format($$values (%s, 'lock:l'), (%s, 'rate:queue:default')$$, :l2, :l3),
    'the bucket is the last gate: no token waits for a run that its lock stops'
);

select * from finish();
rollback;
