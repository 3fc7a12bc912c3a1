create or replace function reproq_replay(result_id bigint)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
    v_new bigint;
begin
    insert into task_runs as n (
        queue_name, priority, backend_alias, task_path, spec_json, spec_hash, dedup, expires_at,
        timeout_seconds, max_attempts, max_lease_losses, backoff_base, backoff_cap,
        lock_key, concurrency_key, concurrency_limit, result_ttl,
        enqueued_at, created_at, updated_at
    )
    select
        r.queue_name, r.priority, r.backend_alias, r.task_path, r.spec_json, r.spec_hash, false,
        v_now + (r.expires_at - r.enqueued_at),
        r.timeout_seconds, r.max_attempts, r.max_lease_losses, r.backoff_base, r.backoff_cap,
        r.lock_key, r.concurrency_key, r.concurrency_limit, r.result_ttl, v_now, v_now, v_now
    from task_runs r
    where r.result_id = reproq_replay.result_id
    returning n.result_id into v_new;
    if v_new is null then
        perform _reproq_refuse_unknown(reproq_replay.result_id);
    end if;
    return v_new;
end;
$$;

comment on function reproq_replay(bigint) is
'Enqueue a new run of the same spec, at once and beside any live twin; its id. Errors: RQ002 no such run.';
