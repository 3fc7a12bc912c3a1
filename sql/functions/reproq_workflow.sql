create or replace function reproq_workflow(workflow_id uuid, max_tasks integer default 1000)
returns table (
    result_id bigint,
    workflow_key text,
    task_path text,
    status text,
    waits_for bigint[],
    is_callback boolean
)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    if max_tasks is null or max_tasks not between 1 and 10000 then
        perform _reproq_refuse('max_tasks', 'must be between 1 and 10000');
    end if;
    return query
    with member as (
        select r.result_id, r.workflow_key, r.task_path, r.status
        from task_runs r
        where r.workflow_id = reproq_workflow.workflow_id
        order by r.result_id
        limit max_tasks
    )

    select
        m.result_id, m.workflow_key, m.task_path, m.status,
        array(
            select e.waits_for
            from reproq_edges e
            where e.result_id = m.result_id
            order by e.waits_for
        ),
        exists (
            select 1
            from reproq_workflows w
            where w.workflow_id = reproq_workflow.workflow_id
                and w.callback_result_id = m.result_id
        )
    from member m
    order by m.result_id;
end;
$$;

comment on function reproq_workflow(uuid, integer) is
'The first max_tasks runs of a workflow, in the order in which they were enqueued, each with its status and the runs that it waits for: the graph. Errors: 22023.';
