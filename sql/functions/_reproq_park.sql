create or replace function _reproq_park(
    tickets reproq_ready[],
    result_ids bigint[],
    gates text[],
    out parked integer,
    out woken integer
)
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
    v_held text[];
begin
    -- A run that was awake for one gate and parks at another leaves a place that somebody else may
    -- take: whoever takes it out of the line wakes the next, under that gate's lock. Few gates at a
    -- time, since advisory locks share a small table; a run with one that cannot be had stays in
    -- line, awake.
    v_others := array(
        select distinct g.gate
        from unnest(_reproq_park.result_ids, _reproq_park.gates) p (result_id, gate)
        inner join unnest(tickets) t on t.result_id = p.result_id
        cross join lateral (
            values ('lock:' || t.lock_key), ('key:' || t.concurrency_key)
        ) g (gate)
        where g.gate <> p.gate
            and exists (select 1 from reproq_blocked b where b.gate = any(array[g.gate]))
        order by g.gate
    );
    v_held := array(
        select o.gate
        from unnest(v_others[:64]) o (gate)
        where pg_try_advisory_xact_lock(hashtextextended(o.gate, 0))
    );

    with run as materialized (
        select
            r.result_id, p.gate, t.ring, t.queue_name, t.claim_order, t.concurrency_limit
        from unnest(tickets) t
        cross join lateral (
            select p.gate
            from unnest(_reproq_park.result_ids, _reproq_park.gates) p (result_id, gate)
            where p.result_id = t.result_id
            limit 1
        ) p
        inner join task_runs r on r.result_id = any(array[t.result_id])
        where r.status = 'READY'
            and not exists (
                select 1
                from unnest(v_others) o (gate)
                where o.gate <> p.gate
                    and o.gate in ('lock:' || t.lock_key, 'key:' || t.concurrency_key)
                    and o.gate <> all(v_held)
            )
        for no key update of r skip locked
    ),

    recorded as (
        update task_runs r
        set status = 'BLOCKED', updated_at = _reproq_now()
        from run
        where r.result_id = any(array[run.result_id])
        returning
            r.result_id, run.gate, run.ring, run.queue_name, run.claim_order,
            run.concurrency_limit
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

    select count(*) into parked
    from recorded c;
    woken := case when v_held = '{}' then 0 else _reproq_wake_gates(v_held, false) end;
end;
$$;

comment on function _reproq_park(reproq_ready[], bigint[], text[]) is
'Move runs from the line to the gates that are full, without waiting for records or gates that somebody holds; how many, and how many others this has woken.';
