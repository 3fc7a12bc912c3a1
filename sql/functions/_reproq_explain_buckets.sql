create or replace function _reproq_explain_buckets(run task_runs, at_time timestamptz)
returns table (
    reason text,
    detail jsonb,
    until timestamptz,
    blocks boolean,
    not_before timestamptz
)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    if run.finished_at is not null or run.status = 'RUNNING' then
        return;
    end if;
    return query
    with own (key) as (
        select l.key
        from (
            values (1, 'task:' || run.task_path), (2, 'queue:' || run.queue_name), (3, 'global')
        ) k (place, key)
        inner join rate_limits l on l.key = k.key
        where l.tokens_per_second > 0 and l.burst_size > 0
        order by k.place
        limit 1
    ),

    -- A limit that was set since it was parked may have given it another bucket.
    parked (key) as (
        select substr(b.gate, length('rate:') + 1)
        from reproq_blocked b
        where b.result_id = run.result_id and b.gate like 'rate:%' and run.status = 'BLOCKED'
    ),

    bucket as (
        select k.key, l.tokens_per_second, l.burst_size, _reproq_tokens(l) as tokens
        from (select o.key from own o union select p.key from parked p) k
        left join rate_limits l
            on l.key = k.key and l.tokens_per_second > 0 and l.burst_size > 0
    )

    select 'blocked', jsonb_build_object(
        'gate', 'rate:' || u.key, 'tokens', u.tokens, 'tokens_per_second', u.tokens_per_second,
        'burst_size', u.burst_size, 'parked', u.key in (select p.key from parked p),
        'lifted', u.tokens is null
    ), n.next_token, coalesce(u.tokens < 1, true),
    -- (The tick frees who is parked at a bucket that is another's now.)
    case when u.key in (select o.key from own o) then n.next_token end
    from bucket u
    cross join lateral (
        -- Rounded up, so that the token is there by then.
        select case
            when u.tokens >= 1 then at_time
            when (1 - u.tokens) / u.tokens_per_second < 3e9 then at_time + make_interval(
                secs => ceil((1 - u.tokens) / u.tokens_per_second * 1e6) / 1e6
            )
            when u.tokens is not null then 'infinity'
        end as next_token
    ) n
    where u.tokens is null or u.tokens < 1 or u.key in (select p.key from parked p);
end;
$$;

comment on function _reproq_explain_buckets(task_runs, timestamptz) is
'The token buckets that keep a run from being started, its own and the one where it is parked, as reasons for reproq_explain, with the time of the next token; lifted when the next tick frees it.';
