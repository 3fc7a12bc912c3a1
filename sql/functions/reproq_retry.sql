create or replace function reproq_retry(result_id bigint)
returns text
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
    v_status text;
    v_hash text;
begin
    perform _reproq_require_read_committed();
    select r.status, r.spec_hash into v_status, v_hash
    from task_runs r
    where r.result_id = reproq_retry.result_id
    for no key update;
    if v_status is null then
        perform _reproq_refuse_unknown(reproq_retry.result_id);
    elsif v_status not in ('FAILED', 'CANCELLED') then
        raise exception 'run % is %', reproq_retry.result_id, v_status
        using
            errcode = 'RQ003',
            hint = 'Only a FAILED or CANCELLED run is retried; replay makes a new run of any.';
    end if;

    begin
        -- A new start: attempts, lost leases and the time to expire count anew, the lease number
        -- goes on.
        update task_runs r
        set
            status = 'READY',
            run_after = null,
            claim_order = _reproq_claim_order(r.queue_name, r.priority, v_now),
            expires_at = v_now + (r.expires_at - r.enqueued_at),
            live_expires_at = v_now + (r.expires_at - r.enqueued_at),
            live_spec_hash = case when r.dedup then r.spec_hash end,
            enqueued_at = v_now,
            started_at = null,
            attempts = 0,
            lease_losses = 0,
            cancel_requested = false,
            return_json = null,
            last_error = null,
            finished_at = null,
            failed_at = null,
            delete_after = null,
            updated_at = v_now
        where r.result_id = reproq_retry.result_id;
    exception when unique_violation then
        raise exception 'run % has a live twin: run %', reproq_retry.result_id, (
            select r.result_id from task_runs r where r.live_spec_hash = v_hash
        )
        using errcode = 'RQ003', hint = 'Wait for the twin, cancel it, or replay this run.';
    end;
    perform _reproq_line_up(array[reproq_retry.result_id]);
    return 'READY';
end;
$$;

comment on function reproq_retry(bigint) is
'Give a FAILED or CANCELLED run a new start under the same id, enqueued now: attempts 0, a later lease number; returns its status. Errors: RQ002 no such run, RQ003 in another state or with a live twin, which it names.';
