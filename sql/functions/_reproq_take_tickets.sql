create or replace function _reproq_take_tickets(result_ids bigint[])
returns bigint[]
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
    v_taken bigint[];
begin
    with run as materialized (
        select r.result_id, r.status, r.queue_name, r.claim_order
        from unnest(_reproq_take_tickets.result_ids) i (result_id)
        inner join task_runs r on r.result_id = any(array[i.result_id])
    ),

    scheduled as (
        delete from reproq_scheduled t
        using (
            select s.result_id
            from run inner join reproq_scheduled s on s.result_id = any(array[run.result_id])
            where run.status = 'SCHEDULED'
            for update of s skip locked
        ) free
        where t.result_id = any(array[free.result_id])
        returning t.result_id
    ),

    blocked as (
        delete from reproq_blocked t
        using (
            select b.result_id
            from run inner join reproq_blocked b on b.result_id = any(array[run.result_id])
            where run.status = 'BLOCKED'
            for update of b skip locked
        ) free
        where t.result_id = any(array[free.result_id])
        returning t.result_id
    ),

    ready as (
        delete from reproq_ready t
        using (
            select l.queue_name, l.claim_order, l.result_id, l.ring
            from run
            inner join reproq_ready l
                on l.queue_name = any(array[run.queue_name])
                and l.claim_order = run.claim_order
                and l.result_id = run.result_id
            where run.status = 'READY'
            for update of l skip locked
        ) free
        where t.queue_name = any(array[free.queue_name])
            and t.claim_order = free.claim_order
            and t.result_id = free.result_id
            and t.ring = free.ring
        returning t.result_id
    ),

    -- The edges of a WAITING run stay; the lock on its record stands for its ticket.
    waiting as (
        select r.result_id
        from run inner join task_runs r on r.result_id = any(array[run.result_id])
        where run.status = 'WAITING' and r.status = 'WAITING'
        for no key update of r skip locked
    )

    select array_agg(distinct t.result_id order by t.result_id) into v_taken
    from (
        select s.result_id from scheduled s
        union all select b.result_id from blocked b
        union all select l.result_id from ready l
        union all select w.result_id from waiting w
    ) t;
    return coalesce(v_taken, '{}');
end;
$$;

comment on function _reproq_take_tickets(bigint[]) is
'Take the tickets of runs that wait, without waiting for those that somebody else is taking; the ids of those taken.';
