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
    v_gate text;
    v_running integer;
    v_line record;
    v_count integer := 0;
begin
    -- By name, so that two transactions never wait for each other in a circle.
    for v_gate in select distinct g.gate from unnest(gates) g (gate) order by g.gate loop
        if may_wait then
            perform pg_advisory_xact_lock(hashtextextended(v_gate, 0));
        elsif not pg_try_advisory_xact_lock(hashtextextended(v_gate, 0)) then
            continue;
        end if;

        -- A statement of its own: its snapshot is younger than the lock.
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
