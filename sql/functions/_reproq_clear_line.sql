create or replace function _reproq_clear_line(tickets reproq_ready[])
returns boolean
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
    v_expired bigint[];
    v_stale integer;
    v_gates text[];
begin
    -- A claim waits for nobody: not for a record or a gate that somebody holds, nor for dependants.
    -- What it has to leave here, the tick ends.
    v_expired := array(
        select r.result_id
        from unnest(tickets) t
        inner join task_runs r on r.result_id = any(array[t.result_id])
        where t.lock_key is null
            and t.concurrency_key is null
            and r.status = 'READY'
            and r.expires_at <= _reproq_now()
            and not exists (
                select 1 from reproq_edges e where e.waits_for = any(array[r.result_id])
            )
        order by r.result_id
        for no key update of r skip locked
    );
    if v_expired <> '{}' then
        perform _reproq_expire(v_expired);
    end if;

    with stale as (
        delete from reproq_ready d
        using unnest(tickets) t
        where d.ring = t.ring
            and d.queue_name = any(array[t.queue_name])
            and d.claim_order = t.claim_order
            and d.result_id = t.result_id
            and not exists (
                select 1
                from task_runs r
                where r.result_id = any(array[t.result_id]) and r.status = 'READY'
            )
        returning d.lock_key, d.concurrency_key
    )

    select
        count(*),
        array_agg('lock:' || s.lock_key) filter (where s.lock_key is not null)
        || array_agg('key:' || s.concurrency_key) filter (where s.concurrency_key is not null)
    into v_stale, v_gates
    from stale s;
    if v_stale > 0 then
        raise notice 'reproq: % stale tickets thrown away', v_stale using errcode = 'RQ101';
    end if;
    -- Runs behind them may have been parked for the places that they seemed to take.
    if v_gates is not null then
        perform _reproq_wake_gates(v_gates, false);
    end if;
    return v_gates is not null;
end;
$$;

comment on function _reproq_clear_line(reproq_ready[]) is
'Of tickets that could not be started: expire the runs that are too old and neither have gates nor dependants, throw away tickets whose record is gone or says otherwise (NOTICE RQ101 counts them). True when that may have woken others.';
