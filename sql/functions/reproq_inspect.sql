create or replace function reproq_inspect(result_id bigint)
returns table (
    queue_name text,
    task_path text,
    status text,
    attempts integer,
    failed_at timestamptz,
    last_error text,
    spec_json jsonb,
    errors_json jsonb,
    return_json jsonb,
    metadata_json jsonb,
    max_attempts integer,
    lease_losses integer,
    lease_no bigint,
    cancel_requested boolean,
    priority integer,
    spec_hash text,
    lock_key text,
    concurrency_key text,
    concurrency_limit integer,
    workflow_id uuid,
    workflow_key text,
    worker_ids jsonb,
    logs_uri text,
    run_after timestamptz,
    expires_at timestamptz,
    enqueued_at timestamptz,
    started_at timestamptz,
    last_attempted_at timestamptz,
    finished_at timestamptz
)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    return query
    select
        r.queue_name, r.task_path, r.status, r.attempts, r.failed_at, r.last_error, r.spec_json,
        r.errors_json, r.return_json, r.metadata_json, r.max_attempts, r.lease_losses, r.lease_no,
        r.cancel_requested, r.priority, r.spec_hash::text, r.lock_key, r.concurrency_key,
        r.concurrency_limit, r.workflow_id, r.workflow_key, r.worker_ids, r.logs_uri, r.run_after,
        r.expires_at, r.enqueued_at, r.started_at, r.last_attempted_at, r.finished_at
    from task_runs r
    where r.result_id = reproq_inspect.result_id;
    if not found then
        perform _reproq_refuse_unknown(reproq_inspect.result_id);
    end if;
end;
$$;

comment on function reproq_inspect(bigint) is
'The record of a run: what was to be run, and all that came of it. Errors: RQ002 no such run.';
