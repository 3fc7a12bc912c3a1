create or replace function _reproq_members(workflow_id uuid, statuses text[])
returns bigint[]
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    if not exists (select 1 from task_runs r where r.workflow_id = _reproq_members.workflow_id) then
        raise exception 'no workflow %', coalesce(workflow_id::text, 'NULL')
        using errcode = 'RQ002', hint = 'It was deleted, or never enqueued.';
    end if;
    return array(
        select r.result_id
        from task_runs r
        where r.workflow_id = _reproq_members.workflow_id and r.status = any(statuses)
        order by r.result_id
    );
end;
$$;

comment on function _reproq_members(uuid, text[]) is
'The runs of a workflow that are in one of these statuses, by id. Raises RQ002 without such a workflow.';
