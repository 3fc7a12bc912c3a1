create or replace function _reproq_count_waiting()
returns table (queue_name text, runs bigint)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    -- A WAITING run has no ticket; its index holds the unfinished members of workflows alone.
    return query
    select r.queue_name, count(*)
    from task_runs r
    where r.wait_count > 0 and r.finished_at is null and r.status = 'WAITING'
    group by r.queue_name;
end;
$$;

comment on function _reproq_count_waiting() is
'How many WAITING runs each queue has, found without reading what has finished.';
