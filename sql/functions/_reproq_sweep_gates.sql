create or replace function _reproq_sweep_gates()
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_gates text[];
begin
    -- Gates with parked runs, each found by one step in the index. Those that are full, as most
    -- are, take no lock and hide nobody.
    with recursive parked (gate) as (
        (select b.gate from reproq_blocked b order by b.gate limit 1)
        union all
        select (
            select b.gate
            from reproq_blocked b
            where b.gate > p.gate
            order by b.gate
            limit 1
        )
        from parked p
        where p.gate is not null
    )

    select array_agg(p.gate) into v_gates
    from (select g.gate from parked g where _reproq_has_room(g.gate) limit 1000) p;
    return case when v_gates is null then 0 else _reproq_wake_gates(v_gates, false) end;
end;
$$;

comment on function _reproq_sweep_gates() is
'Wake parked runs wherever a gate has a free place; how many.';
