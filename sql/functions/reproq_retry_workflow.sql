create or replace function reproq_retry_workflow(workflow_id uuid)
returns table (result_id bigint, status text)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_broken bigint[];
begin
    perform _reproq_require_read_committed();
    v_broken := _reproq_members(reproq_retry_workflow.workflow_id, '{FAILED, CANCELLED}');
    perform _reproq_lock_for_retry(v_broken);
    -- Another operator may have been quicker.
    v_broken := _reproq_members(reproq_retry_workflow.workflow_id, '{FAILED, CANCELLED}');
    return query select s.result_id, s.status from _reproq_start_anew(v_broken) s;
end;
$$;

comment on function reproq_retry_workflow(uuid) is
'Give all FAILED and CANCELLED runs of a workflow a new start, as reproq_retry does, each after those that it waits for; what each has become. Errors: RQ002 no such workflow, 25000.';
