create or replace function _reproq_line_up(result_ids bigint[])
returns void
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
    v_queues text[];
begin
    with lined_up as (
        insert into reproq_ready (
            ring, queue_name, claim_order, result_id, lock_key, concurrency_key, concurrency_limit
        )
        select
            coalesce((select g.current from reproq_ring g), 0),
            r.queue_name, r.claim_order, r.result_id,
            r.lock_key,
            case when r.concurrency_limit > 0 then r.concurrency_key end,
            r.concurrency_limit
        from unnest(_reproq_line_up.result_ids) i (result_id)
        inner join task_runs r on r.result_id = any(array[i.result_id])
        where r.status = 'READY'
        -- A ticket that was left there by mistake does as well as a new one.
        on conflict do nothing
        returning reproq_ready.queue_name
    )

    select array_agg(distinct l.queue_name) into v_queues
    from lined_up l;
    perform _reproq_wake_workers(v_queues);
end;
$$;

comment on function _reproq_line_up(bigint[]) is
'Give READY records their tickets in the line, and tell the workers that wait for them.';
