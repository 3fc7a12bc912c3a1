create or replace function _reproq_explain_place(run task_runs, at_time timestamptz)
returns table (
    reason text,
    detail jsonb,
    until timestamptz,
    blocks boolean,
    not_before timestamptz
)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select 'finished', jsonb_build_object(
        'status', run.status, 'finished_at', run.finished_at, 'last_error', run.last_error
    ), null::timestamptz, true, timestamptz 'infinity'
    where run.finished_at is not null
    union all
    select 'running', jsonb_build_object(
        'worker_id', l.worker_id, 'lease_no', l.lease_no, 'started_at', run.last_attempted_at,
        'cancel_requested', run.cancel_requested, 'lease_ran_out', l.leased_until <= at_time,
        'worker_seen_at', w.last_seen_at
    ), l.leased_until, true, 'infinity'
    from reproq_leases l
    left join reproq_workers w on w.worker_id = l.worker_id
    where run.status = 'RUNNING' and l.result_id = run.result_id
    union all
    -- A claim brings back what became due in the last minutes, the tick all of it.
    select
        case
            when t.run_after <= at_time then 'due'
            when run.attempts > 0 then 'backoff'
            else 'not_due'
        end,
        jsonb_build_object(
            'run_after', t.run_after, 'attempts', run.attempts, 'max_attempts', run.max_attempts,
            'last_error', run.last_error
        ),
        t.run_after,
        not (t.run_after <= at_time and t.run_after > at_time - interval '5 minutes'),
        t.run_after
    from reproq_scheduled t
    where run.status = 'SCHEDULED' and t.result_id = run.result_id
    union all
    select 'not_due', jsonb_build_object(
        'run_after', run.run_after, 'attempts', run.attempts, 'max_attempts', run.max_attempts,
        'last_error', run.last_error
    ), run.run_after, true, run.run_after
    where run.status = 'WAITING' and run.run_after > at_time
    union all
    select 'predecessor', jsonb_strip_nulls(jsonb_build_object(
        'result_id', p.result_id, 'status', p.status, 'task_path', p.task_path,
        'workflow_key', p.workflow_key, 'worker_id', l.worker_id, 'leased_until', l.leased_until,
        'run_after', case when p.status = 'SCHEDULED' then p.run_after end
    )), null, true, null
    from reproq_edges e
    inner join task_runs p on p.result_id = e.waits_for
    left join reproq_leases l on l.result_id = p.result_id
    where run.status = 'WAITING' and e.result_id = run.result_id and p.finished_at is null
    union all
    select 'in_line', jsonb_build_object(
        'queue_name', t.queue_name, 'priority', run.priority,
        'ahead', (
            select count(*)
            from (
                select 1
                from reproq_ready a
                where a.queue_name = t.queue_name
                    and (a.claim_order, a.result_id) < (t.claim_order, t.result_id)
                limit 10000
            ) a
        )
    ), at_time, false, null
    from (
        select r.queue_name, r.claim_order, r.result_id
        from reproq_ready r
        where r.queue_name = run.queue_name
            and r.claim_order = run.claim_order
            and r.result_id = run.result_id
        limit 1
    ) t
    where run.status = 'READY'
    union all
    -- Nothing will ever start it: reproq_violations() reports it, too.
    select 'no_ticket', jsonb_build_object('status', run.status), null, true, 'infinity'
    where run.finished_at is null and not case run.status
        when 'SCHEDULED' then exists (
            select 1 from reproq_scheduled t where t.result_id = run.result_id
        )
        when 'BLOCKED' then exists (
            select 1 from reproq_blocked t where t.result_id = run.result_id
        )
        when 'RUNNING' then exists (select 1 from reproq_leases t where t.result_id = run.result_id)
        when 'READY' then exists (
            select 1
            from reproq_ready t
            where t.queue_name = run.queue_name
                and t.claim_order = run.claim_order
                and t.result_id = run.result_id
        )
        else exists (
            select 1
            from reproq_edges e inner join task_runs p on p.result_id = e.waits_for
            where e.result_id = run.result_id and p.finished_at is null
        )
    end;
end;
$$;

comment on function _reproq_explain_place(task_runs, timestamptz) is
'Where a run stands, as reasons for reproq_explain: finished, running, due, backoff, not_due, predecessor, in_line or no_ticket.';
