create or replace function reproq_recent_runs(max_tasks integer default 10)
returns table (
    result_id bigint,
    status text,
    queue_name text,
    task_path text,
    enqueued_at timestamptz
)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
begin
    if max_tasks is null or max_tasks not between 0 and 1000 then
        perform _reproq_refuse('max_tasks', 'must be between 0 and 1000');
    end if;
    -- By the key: the latest are found without looking at the others.
    return query
    select r.result_id, r.status, r.queue_name, r.task_path, r.enqueued_at
    from task_runs r
    order by r.result_id desc
    limit max_tasks;
end;
$$;

comment on function reproq_recent_runs(integer) is
'The runs that were enqueued last, the latest first, without arguments, results and messages. Errors: 22023.';
