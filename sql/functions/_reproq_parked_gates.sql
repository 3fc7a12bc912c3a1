create or replace function _reproq_parked_gates(from_gate text, to_gate text)
returns table (gate text)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
begin
    -- Each by one step in the index, however many are parked.
    return query
    with recursive parked (gate) as (
        (
            select b.gate
            from reproq_blocked b
            where b.gate >= from_gate and b.gate < to_gate
            order by b.gate
            limit 1
        )
        union all
        select (
            select b.gate
            from reproq_blocked b
            where b.gate > p.gate and b.gate < to_gate
            order by b.gate
            limit 1
        )
        from parked p
        where p.gate is not null
    )

    select p.gate
    from parked p
    where p.gate is not null;
end;
$$;

comment on function _reproq_parked_gates(text, text) is
'The gates with parked runs whose names lie between two, the second left out, in the order of their bytes.';
