create or replace function _reproq_broken_runs()
returns table (invariant text, subject text)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select 'I8 an expired run is never started', format(
        'run %s was started at %s and had expired at %s',
        r.result_id, r.last_attempted_at, r.expires_at
    )
    from task_runs r
    where r.status = 'RUNNING' and r.last_attempted_at >= r.expires_at
    union all
    -- One that has no attempt left would be started once too often.
    select 'I15 attempts and lost leases stay in bounds', format(
        'run %s is %s: %s of %s attempts, %s of %s lost leases', r.result_id, r.status,
        r.attempts, r.max_attempts, r.lease_losses, r.max_lease_losses
    )
    from task_runs r
    where r.finished_at is null and (
        r.attempts > r.max_attempts - (r.status <> 'RUNNING')::integer
        or r.lease_losses > r.max_lease_losses
    )
    union all
    select 'I21 a run whose cancellation is requested is RUNNING or has ended',
        format('run %s is %s', r.result_id, r.status)
    from task_runs r
    where r.finished_at is null and r.status <> 'RUNNING' and r.cancel_requested
    union all
    select 'I23 a run that failed says when and why', format('run %s', r.result_id)
    from task_runs r
    where r.status = 'FAILED' and (
        r.failed_at is null
        -- (Other programs may insert what they like, but not as a run that was claimed.)
        or r.lease_no > 0 and r.errors_json = '[]'
    );
end;
$$;

comment on function _reproq_broken_runs() is
'What reproq_violations() reports of records, each looked at by itself.';
