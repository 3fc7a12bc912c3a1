create or replace function _reproq_broken_gates()
returns table (invariant text, subject text)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    with parked as (
        select distinct b.gate, b.queue_name, b.concurrency_limit
        from reproq_blocked b
        -- (Claims bring back who waits for a token.)
        where b.gate not like 'rate:%'
    ),

    taken (gate, running) as (
        select 'lock:' || l.lock_key, count(*)
        from reproq_leases l where l.lock_key is not null group by l.lock_key
        union all
        select 'key:' || l.concurrency_key, count(*)
        from reproq_leases l where l.concurrency_key is not null group by l.concurrency_key
    ),

    awake (gate, queue_name, concurrency_limit) as (
        select 'lock:' || t.lock_key, t.queue_name, 1
        from reproq_ready t where t.lock_key is not null
        union
        select 'key:' || t.concurrency_key, t.queue_name, t.concurrency_limit
        from reproq_ready t where t.concurrency_key is not null
    )

    -- One queue may have no worker, one limit no place: each has somebody of its own.
    select 'I51 a gate with a free place has somebody awake', format(
        'gate %s, queue %s%s', p.gate, p.queue_name,
        case when p.gate like 'key:%' then ', limit ' || p.concurrency_limit else '' end
    )
    from parked p
    left join taken n on n.gate = p.gate
    left join awake a
        on a.gate = p.gate
        and a.queue_name = p.queue_name
        and a.concurrency_limit = p.concurrency_limit
    where coalesce(n.running, 0) < p.concurrency_limit and a.gate is null
    union all
    select 'I19 a bucket holds no less than nothing and no more than its burst',
        format('bucket %s: %s of %s', l.key, l.current_tokens, l.burst_size)
    from rate_limits l
    where not (l.current_tokens between 0 and l.burst_size);
end;
$$;

comment on function _reproq_broken_gates() is
'What reproq_violations() reports of locks, keys and token buckets: that none is stuck and none has gone over.';
