create or replace function reproq_predecessor_results(result_id bigint)
returns table (
    predecessor_id bigint,
    key text,
    status text,
    return_json jsonb,
    task_path text
)
language sql
volatile
set search_path from current
as $$
    select r.result_id, r.workflow_key, r.status, r.return_json, r.task_path
    from reproq_edges e
    inner join task_runs r on r.result_id = any(array[e.waits_for])
    where e.result_id = reproq_predecessor_results.result_id
    order by r.result_id;
$$;

comment on function reproq_predecessor_results(bigint) is
'What the runs returned that this one waited for, in the order in which they were enqueued: the members'' results for the callback of a chord. No rows for a run that waits for none.';
