create or replace function reproq_enqueue(
    task_path text,
    args jsonb default '[]',
    kwargs jsonb default '{}',
    queue text default 'default',
    priority integer default 0,
    run_after timestamptz default null,
    lock_key text default null,
    concurrency_key text default null,
    concurrency_limit integer default 0,
    max_attempts integer default 3,
    timeout_seconds integer default 900,
    expires_in interval default null,
    dedup boolean default true,
    backoff_base interval default '30 seconds',
    backoff_cap interval default '1 hour',
    takes_context boolean default false,
    backend_alias text default 'default',
    provenance jsonb default null,
    metadata jsonb default '{}',
    result_ttl interval default null,
    max_lease_losses integer default 3,
    run_in interval default null,
    traceparent text default null
)
returns bigint
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_variable
declare
    v_now timestamptz := _reproq_now();
    v_run_after timestamptz;
    v_spec text;
    v_id bigint;
begin
    v_run_after := case
        when _reproq_check_spec(
            '', '{}', task_path, args, kwargs, queue, priority, run_after, run_in, lock_key,
            concurrency_key, concurrency_limit, max_attempts, timeout_seconds, expires_in, dedup,
            backoff_base, backoff_cap, takes_context, backend_alias, provenance, metadata,
            result_ttl, max_lease_losses, traceparent
        ) then coalesce(run_after, v_now + run_in)
    end;
    v_spec := _reproq_spec_text(
        task_path, args, kwargs, takes_context, queue, priority, lock_key, concurrency_key,
        concurrency_limit, v_run_after, timeout_seconds, max_attempts, provenance
    );

    loop
        insert into task_runs as r (
            claim_order, queue_name, priority, backend_alias, task_path, spec_json, spec_hash,
            dedup,
            run_after, expires_at, timeout_seconds, max_attempts, max_lease_losses,
            backoff_base, backoff_cap, lock_key, concurrency_key, concurrency_limit,
            metadata_json, result_ttl, traceparent, enqueued_at, created_at, updated_at
        )
        values (
            -- (Of one that may have to wait, the trigger finds status and place. It also notes who
            -- is not the owner by name.)
            case
                when v_run_after is not null
                    or session_user <> current_user or current_setting('role') <> 'none' then 0
                -- As _reproq_claim_order has it, without the call.
                when priority = 0 then extract(epoch from v_now) * 1000000
                else _reproq_claim_order(queue, priority, v_now)
            end,
            queue, priority, backend_alias, task_path, v_spec::jsonb,
            _reproq_spec_hash(v_spec), dedup,
            v_run_after, v_now + expires_in, timeout_seconds, max_attempts, max_lease_losses,
            backoff_base, backoff_cap, lock_key, concurrency_key, concurrency_limit,
            metadata, result_ttl, traceparent, v_now, v_now, v_now
        )
        on conflict (spec_hash) where r.dedup and r.finished_at is null do nothing
        returning r.result_id into v_id;
        exit when v_id is not null;
        -- A twin that finished since the insert met it has made room: try again.
        v_id := _reproq_live_twin(_reproq_spec_hash(v_spec));
        exit when v_id is not null;
    end loop;
    return v_id;
end;
$$;

comment on function reproq_enqueue(
    text, jsonb, jsonb, text, integer, timestamptz, text, text, integer, integer, integer, interval,
    boolean, interval, interval, boolean, text, jsonb, jsonb, interval, integer, interval, text
) is
'Enqueue one run and return its result_id, or the id of the live run with the same spec that it joins. run_in counts from the database''s clock where run_after is a time. traceparent (W3C Trace Context) goes to the worker and is no part of the spec. Errors: 22004, 22023 naming the parameter, RQ004 above 1 MiB.';
