create or replace function _reproq_wake_gates(gates text[], may_wait boolean)
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_held text[];
    v_gate text;
    v_running integer;
    v_line record;
    v_count integer := 0;
begin
    -- By name, so that two transactions never wait for each other in a circle.
    if may_wait then
        perform pg_advisory_xact_lock(hashtextextended(g.gate, 0))
        from (select distinct u.gate from unnest(gates) u (gate) order by u.gate) g;
        v_held := gates;
    else
        v_held := array(
            select g.gate
            from (select distinct u.gate from unnest(gates) u (gate) order by u.gate) g
            where pg_try_advisory_xact_lock(hashtextextended(g.gate, 0))
        );
    end if;

    -- In statements of their own: their snapshots are younger than the locks.
    for v_gate in
        select distinct h.gate
        from unnest(v_held) h (gate)
        where exists (select 1 from reproq_blocked b where b.gate = any(array[h.gate]))
        order by h.gate
    loop
        v_running := _reproq_places_taken(v_gate);

        -- The first of every queue and limit: one queue may have no worker, one limit no place.
        for v_line in
            select l.queue_name, l.concurrency_limit
            from _reproq_parked_lines(v_gate) l
            where l.concurrency_limit > v_running
        loop
            v_count := v_count + _reproq_unpark(_reproq_first_parked(
                v_gate, v_line.queue_name, v_line.concurrency_limit,
                v_line.concurrency_limit - v_running
            ));
        end loop;
    end loop;
    return v_count;
end;
$$;

comment on function _reproq_wake_gates(text[], boolean) is
'Bring back into the line the first parked runs of each lock and concurrency key that has a free place; how many. With may_wait false a gate that somebody else holds is left to them.';
