create or replace function _reproq_parked_lines(gate text)
returns table (queue_name text, concurrency_limit integer)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
begin
    -- Every queue and limit by one step in the index, however many are parked.
    return query
    with recursive line (queue_name, concurrency_limit) as (
        (
            select b.queue_name, b.concurrency_limit
            from reproq_blocked b
            where b.gate = _reproq_parked_lines.gate
            order by b.queue_name, b.concurrency_limit
            limit 1
        )
        union all
        select n.queue_name, n.concurrency_limit
        from line l
        cross join lateral (
            select b.queue_name, b.concurrency_limit
            from reproq_blocked b
            where b.gate = _reproq_parked_lines.gate
                and (b.queue_name, b.concurrency_limit) > (l.queue_name, l.concurrency_limit)
            order by b.queue_name, b.concurrency_limit
            limit 1
        ) n
    )

    select l.queue_name, l.concurrency_limit
    from line l;
end;
$$;

comment on function _reproq_parked_lines(text) is
'The queues and limits of the runs that are parked at a gate.';
