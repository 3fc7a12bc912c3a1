create or replace function _reproq_wake_gates(gates text[], may_wait boolean)
returns integer
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
declare
    v_gate text;
    v_running integer;
    v_woken bigint[];
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
        v_running := jsonb_array_length(_reproq_places_taken(v_gate));

        -- The first of every queue and limit: one queue may have no worker, one limit no place.
        with woken as (
            delete from reproq_blocked d
            using (
                select f.result_id
                from _reproq_parked_lines(v_gate) l
                cross join lateral (
                    select b.result_id
                    from reproq_blocked b
                    inner join task_runs r on r.result_id = any(array[b.result_id])
                    where b.gate = v_gate
                        and b.queue_name = l.queue_name
                        and b.concurrency_limit = l.concurrency_limit
                        and r.status = 'BLOCKED'
                    order by b.claim_order, b.result_id
                    limit greatest(l.concurrency_limit - v_running, 0)
                    -- Nobody is waited for while the gate is locked; a ticket whose record says
                    -- otherwise wakes nobody and is in nobody's way.
                    for update of b skip locked
                    for no key update of r skip locked
                ) f
            ) first
            where d.result_id = any(array[first.result_id])
            returning d.result_id
        )

        select array_agg(w.result_id order by w.result_id) into v_woken
        from woken w;

        if v_woken is not null then
            update task_runs r
            set status = 'READY', updated_at = _reproq_now()
            from unnest(v_woken) w (result_id)
            where r.result_id = any(array[w.result_id]);
            perform _reproq_line_up(v_woken);
            v_count := v_count + cardinality(v_woken);
        end if;
    end loop;
    return v_count;
end;
$$;

comment on function _reproq_wake_gates(text[], boolean) is
'Bring back into the line the first parked runs of each gate that has a free place; how many. With may_wait false a gate that somebody else holds is left to them.';
