create or replace function reproq_cancel(result_id bigint)
returns text
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_status text;
begin
    perform _reproq_require_read_committed();
    v_status := _reproq_seize_ticket(reproq_cancel.result_id);
    if v_status is null then
        perform _reproq_refuse_unknown(reproq_cancel.result_id);
    elsif v_status = 'RUNNING' then
        update task_runs r
        set cancel_requested = true, updated_at = _reproq_now()
        where r.result_id = reproq_cancel.result_id;
        perform pg_notify('reproq', 'cancel ' || reproq_cancel.result_id);
    elsif v_status in ('SCHEDULED', 'WAITING', 'BLOCKED', 'READY') then
        perform _reproq_settle(array[reproq_cancel.result_id], array['cancel']);
        v_status := 'CANCELLED';
    end if;
    return v_status;
end;
$$;

comment on function reproq_cancel(bigint) is
'End a run that waits as CANCELLED, or ask the worker of a RUNNING one to stop it; returns the status after it (RUNNING: requested; a finished run stays what it is). Errors: RQ002 no such run.';
