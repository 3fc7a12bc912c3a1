create or replace function reproq_discard(result_id bigint, reason text default 'discarded')
returns text
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
    v_status text;
begin
    -- What a retry that is cancelled in the same moment would leave, without troubling dependants
    -- or a live twin.
    update task_runs r
    set
        status = 'CANCELLED',
        failed_at = null,
        last_error = left(coalesce(reason, 'discarded'), 1024),
        errors_json = r.errors_json || _reproq_error_entry(
            'cancel', 'CANCELLED',
            jsonb_build_object('message', left(coalesce(reason, 'discarded'), 1024)), r.task_path,
            r.attempts, r.leased_by, r.expires_at, v_now
        ),
        updated_at = v_now
    where r.result_id = reproq_discard.result_id and r.status = 'FAILED'
    returning r.status into v_status;
    if v_status is null then
        select r.status into v_status
        from task_runs r
        where r.result_id = reproq_discard.result_id;
        if v_status is null then
            perform _reproq_refuse_unknown(reproq_discard.result_id);
        end if;
        raise exception 'run % is %', reproq_discard.result_id, v_status
        using errcode = 'RQ003', hint = 'Only a FAILED run is discarded; cancel ends a live one.';
    end if;
    return v_status;
end;
$$;

comment on function reproq_discard(bigint, text) is
'Give a FAILED run up: it becomes CANCELLED, with the reason as its last error, and is no failure to look at any more; reproq_retry still gives it a new start. Returns the status. Errors: RQ002 no such run, RQ003 in another state.';
