create or replace function _reproq_count_waiting()
returns table (queue_name text, runs bigint)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    -- From the tickets along the edges: these outlive the runs that have waited, records even more.
    return query
    with recursive downstream (result_id) as (
        (
            select t.result_id from reproq_scheduled t
            union all select t.result_id from reproq_blocked t
            union all select t.result_id from reproq_ready t
            union all select t.result_id from reproq_leases t
        )
        union
        select e.result_id
        from downstream d inner join reproq_edges e on e.waits_for = d.result_id
    )

    select r.queue_name, count(*)
    from downstream d
    inner join reproq_edges e on e.result_id = d.result_id
    inner join task_runs r on r.result_id = e.result_id
    where r.status = 'WAITING'
        -- (Once for all that it waits for.)
        and not exists (
            select 1
            from reproq_edges o
            where o.result_id = e.result_id and o.waits_for < e.waits_for
        )
    group by r.queue_name;
end;
$$;

comment on function _reproq_count_waiting() is
'How many WAITING runs each queue has, found without reading what has finished.';
