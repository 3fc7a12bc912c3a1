create or replace function _reproq_first_parked(
    gate text,
    queue_name text,
    concurrency_limit integer,
    max_tasks integer
)
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
begin
    -- Nobody is waited for while the gate is locked; a ticket whose record says otherwise wakes
    -- nobody and is in nobody's way.
    return array(
        select b.result_id
        from reproq_blocked b
        inner join task_runs r on r.result_id = any(array[b.result_id])
        where b.gate = _reproq_first_parked.gate
            and b.queue_name = _reproq_first_parked.queue_name
            and b.concurrency_limit = _reproq_first_parked.concurrency_limit
            and r.status = 'BLOCKED'
        order by b.claim_order, b.result_id
        limit greatest(max_tasks, 0)
        for update of b skip locked
        for no key update of r skip locked
    );
end;
$$;

comment on function _reproq_first_parked(text, text, integer, integer) is
'Lock the first runs that are parked at a gate, of one queue and one limit, passing over those that somebody holds; their ids in order.';
