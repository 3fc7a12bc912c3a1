create or replace function _reproq_unleased(max_tasks integer)
returns bigint[]
language plpgsql
volatile
set search_path from current
set jit = off
as $$
declare
    v_ids bigint[];
begin
    -- Whoever is just now moving a run has its record locked or its lease in hand: the first are
    -- passed over here, the second seen by the next statement.
    v_ids := array(
        select r.result_id
        from task_runs r
        where r.status = 'RUNNING' and not _reproq_has_ticket(r.result_id, r.status)
        order by r.result_id
        limit max_tasks
        for update skip locked
    );
    return array(
        select r.result_id
        from task_runs r
        where r.result_id = any(v_ids) and not _reproq_has_ticket(r.result_id, r.status)
        order by r.result_id
    );
end;
$$;

comment on function _reproq_unleased(integer) is
'Lock up to max_tasks RUNNING runs that have lost their lease row; their ids. Reads every record.';
