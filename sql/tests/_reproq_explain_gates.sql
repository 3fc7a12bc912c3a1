begin;
select plan(6);
\ir helpers/setup.sql

create function gates(id bigint) returns text language sql volatile as $$
    select string_agg(
        format(
            '%s %s until %s by %s', g.detail ->> 'gate', case when g.blocks then 'full' else 'free' end,
            to_char(g.until, 'HH24:MI'), jsonb_array_length(g.detail -> 'holders')
        ), ', ' order by g.detail ->> 'gate'
    )
    from task_runs r cross join lateral _reproq_explain_gates(r, _reproq_now()) g
    where r.result_id = id
$$;

select started('a', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 3}') as a,
    advance('1 minute'), started('b', '{"concurrency_key": "k", "concurrency_limit": 3}') as b,
    advance('1 minute'), started('c', '{"concurrency_key": "k", "concurrency_limit": 3}') as c \gset
select is(gates(:a), null, 'who runs is at no gate');
select enqueue('d', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 2}') as d \gset
select is(
    gates(:d), 'key:k full until 12:06 by 3, lock:l full until 12:05 by 1',
    'each full gate, and when it has room if all leases run out'
);
select enqueue('e', '{"concurrency_key": "k", "concurrency_limit": 0}') as e \gset
select is(gates(:e), null, 'a key without a limit is no gate');
select enqueue('f', '{"concurrency_key": "k", "concurrency_limit": 4}') as f \gset
select is(gates(:f), null, 'nor is one that has room');
select claims(9);
select reproq_complete(:a, 1), reproq_complete(:b, 1);
select is(gates(:d), 'key:k full until 12:07 by 2', 'the lock is free, the key not yet');
select reproq_cancel(:d);
select is(gates(:d), null, 'who has finished is at no gate');

select * from finish();
rollback;
