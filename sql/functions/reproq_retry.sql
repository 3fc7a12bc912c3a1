create or replace function reproq_retry(result_id bigint)
returns text
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_status text;
    v_hash text;
    v_broken bigint;
begin
    perform _reproq_require_read_committed();
    perform _reproq_lock_for_retry(array[reproq_retry.result_id]);
    select r.status, r.spec_hash into v_status, v_hash
    from task_runs r
    where r.result_id = reproq_retry.result_id;
    if v_status is null then
        perform _reproq_refuse_unknown(reproq_retry.result_id);
    elsif v_status not in ('FAILED', 'CANCELLED') then
        raise exception 'run % is %', reproq_retry.result_id, v_status
        using
            errcode = 'RQ003',
            hint = 'Only a FAILED or CANCELLED run is retried; replay makes a new run of any.';
    end if;

    select min(p.result_id) into v_broken
    from reproq_edges e
    inner join task_runs p on p.result_id = any(array[e.waits_for])
    where e.result_id = reproq_retry.result_id and p.status in ('FAILED', 'CANCELLED');
    if v_broken is not null then
        raise exception 'run % waits for run %, which has not succeeded',
            reproq_retry.result_id, v_broken
        using errcode = 'RQ003', hint = 'Retry that one: this one waits for it again.';
    end if;

    begin
        select s.status into v_status
        from _reproq_start_anew(array[reproq_retry.result_id]) s
        where s.result_id = reproq_retry.result_id;
    exception when unique_violation then
        raise exception 'run % has a live twin: run %', reproq_retry.result_id, (
            select r.result_id
            from task_runs r
            where r.spec_hash = v_hash and r.dedup and r.finished_at is null
        )
        using errcode = 'RQ003', hint = 'Wait for the twin, cancel it, or replay this run.';
    end;
    return v_status;
end;
$$;

comment on function reproq_retry(bigint) is
'Give a FAILED or CANCELLED run a new start under the same id, enqueued now: attempts 0, a later lease number; returns its status. Runs that failed because it had, wait for it again, unless they stand behind another broken one. Errors: RQ002 no such run, RQ003 in another state, behind a run that has not succeeded or with a live twin, naming it; 25000.';
