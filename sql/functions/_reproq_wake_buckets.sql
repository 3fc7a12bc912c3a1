create or replace function _reproq_wake_buckets(queues text[], max_tasks integer)
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
    v_line record;
    v_woken integer := 0;
begin
    -- Who has stood in line longest, first: an open bucket must not hide the others.
    for v_line in
        select g.gate, q.queue_name
        from _reproq_parked_gates('rate:', 'rate;') g (gate)
        cross join unnest(queues) q (queue_name)
        cross join lateral (
            select b.claim_order
            from reproq_blocked b
            where b.gate = any(array[g.gate])
                and b.queue_name = any(array[q.queue_name])
                and b.concurrency_limit = 0
            order by b.claim_order
            limit 1
        ) f
        where not exists (
            select 1
            from reproq_queue_controls c
            where c.queue_name = any(array[q.queue_name]) and c.paused
        )
        order by f.claim_order
    loop
        exit when v_woken >= max_tasks;
        -- (None also when another claimer holds the bucket, who will spend what is in it.)
        v_woken := v_woken + _reproq_unpark(_reproq_first_parked(
            v_line.gate, v_line.queue_name, 0,
            least(
                coalesce(_reproq_take_bucket(substr(v_line.gate, length('rate:') + 1)), 0),
                max_tasks - v_woken
            )
        ));
    end loop;
    return v_woken;
end;
$$;

comment on function _reproq_wake_buckets(text[], integer) is
'Bring up to max_tasks runs of these queues that are parked at a token bucket back into the line, of each bucket as many as it has tokens now; how many.';
