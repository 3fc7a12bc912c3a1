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
    -- From the tickets along the edges: edges outlive those that waited, as records do.
    return query
    with recursive waiting (result_id) as (
        select e.result_id
        from (
            select t.result_id from reproq_scheduled t
            union all select t.result_id from reproq_blocked t
            union all select t.result_id from reproq_ready t
            union all select t.result_id from reproq_leases t
        ) t
        inner join reproq_edges e on e.waits_for = t.result_id
        union
        select e.result_id
        from waiting w inner join reproq_edges e on e.waits_for = w.result_id
    )

    select r.queue_name, count(*)
    from waiting w inner join task_runs r on r.result_id = w.result_id
    where r.status = 'WAITING'
    group by r.queue_name;
end;
$$;

comment on function _reproq_count_waiting() is
'How many WAITING runs each queue has, found without reading what has finished.';
