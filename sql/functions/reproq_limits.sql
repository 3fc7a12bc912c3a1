create or replace function reproq_limits(max_gates integer default 100)
returns table (
    gate text,
    places integer,
    taken bigint,
    parked bigint,
    tokens_per_second double precision,
    burst_size integer,
    tokens double precision
)
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    if max_gates is null or max_gates not between 1 and 10000 then
        perform _reproq_refuse('max_gates', 'must be between 1 and 10000');
    end if;
    return query
    with held as (
        select 'lock:' || l.lock_key as gate, 1 as places, count(*) as taken
        from reproq_leases l
        where l.lock_key is not null
        group by l.lock_key
        union all
        select 'key:' || l.concurrency_key, max(l.concurrency_limit), count(*)
        from reproq_leases l
        where l.concurrency_key is not null
        group by l.concurrency_key
    ),

    parked as (
        select b.gate, count(*) as runs, max(b.concurrency_limit) as places
        from reproq_blocked b
        group by b.gate
    ),

    bucket as (
        select
            'rate:' || l.key as gate, l.tokens_per_second, l.burst_size, _reproq_tokens(l) as tokens
        from rate_limits l
        where l.tokens_per_second > 0 and l.burst_size > 0
    ),

    known as (
        select h.gate from held h
        union select p.gate from parked p
        union select b.gate from bucket b
    )

    select
        k.gate,
        case
            when k.gate like 'lock:%' then 1
            when k.gate like 'key:%' then greatest(h.places, p.places)
        end,
        coalesce(h.taken, 0), coalesce(p.runs, 0), b.tokens_per_second, b.burst_size, b.tokens
    from known k
    left join held h on h.gate = k.gate
    left join parked p on p.gate = k.gate
    left join bucket b on b.gate = k.gate
    order by 4 desc, b.gate is null, 3 desc, k.gate
    limit max_gates;
end;
$$;

comment on function reproq_limits(integer) is
'The gates that are in use, those first with the most runs parked: lock:<key> and key:<key> with their places and how many leases take one, rate:<bucket> with its rate, its burst and what it holds now. Errors: 22023.';
