create or replace function _reproq_park(
    tickets reproq_ready[],
    result_ids bigint[],
    gates text[]
)
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
#variable_conflict use_column
declare
    v_others text[];
begin
    with run as materialized (
        select
            r.result_id, p.gate, t.ring, t.queue_name, t.claim_order, t.lock_key,
            t.concurrency_key, t.concurrency_limit
        from unnest(tickets) t
        cross join lateral (
            select p.gate
            from unnest(_reproq_park.result_ids, _reproq_park.gates) p (result_id, gate)
            where p.result_id = t.result_id
            limit 1
        ) p
        inner join task_runs r on r.result_id = any(array[t.result_id])
        where r.status = 'READY'
        for no key update of r skip locked
    ),

    recorded as (
        update task_runs r
        set status = 'BLOCKED', updated_at = _reproq_now()
        from run
        where r.result_id = any(array[run.result_id])
        returning
            r.result_id, run.gate, run.ring, run.queue_name, run.claim_order, run.lock_key,
            run.concurrency_key, run.concurrency_limit
    ),

    removed as (
        delete from reproq_ready d
        using recorded c
        where d.ring = c.ring
            and d.queue_name = any(array[c.queue_name])
            and d.claim_order = c.claim_order
            and d.result_id = c.result_id
    ),

    ticketed as (
        insert into reproq_blocked (result_id, gate, queue_name, claim_order, concurrency_limit)
        select
            c.result_id, c.gate, c.queue_name, c.claim_order,
            case
                when c.gate like 'lock:%' then 1
                when c.gate like 'key:%' then c.concurrency_limit
                else 0
            end
        from recorded c
        on conflict (result_id) do nothing
    )

    -- A run that was awake for one gate and parks at another leaves a place that somebody else
    -- may take. Few gates at a time: advisory locks share a small table. The tick does the rest.
    select array_agg(o.gate) into v_others
    from (
        select distinct g.gate
        from recorded c
        cross join lateral (
            values ('lock:' || c.lock_key), ('key:' || c.concurrency_key)
        ) g (gate)
        where g.gate <> c.gate
            and exists (select 1 from reproq_blocked b where b.gate = any(array[g.gate]))
        limit 64
    ) o;
    return case when v_others is null then 0 else _reproq_wake_gates(v_others, false) end;
end;
$$;

comment on function _reproq_park(reproq_ready[], bigint[], text[]) is
'Move runs from the line to the gates that are full, without waiting for records that somebody holds; how many others this has woken.';
