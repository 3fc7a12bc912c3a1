create or replace function _reproq_enqueue_calls(
    common jsonb,
    calls jsonb,
    ids bigint[],
    clock timestamptz
)
returns bigint[]
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_one record;
    v_order bigint;
    v_text text;
    v_args_at integer;
    v_kwargs_at integer;
    v_inserted bigint[];
begin
    select * into v_one
    from _reproq_read_specs(jsonb_build_array(common), 'common.', clock);
    v_order := case
        when v_one.run_after is not null
            or session_user <> current_user or current_setting('role') <> 'none' then 0
        else _reproq_claim_order(v_one.queue_name, v_one.priority, clock)
    end;
    -- The arguments go where the spec of no call has [] and {}: before them are only numbers.
    v_text := v_one.spec_json::text;
    v_args_at := strpos(v_text, '[]');
    v_kwargs_at := strpos(v_text, '{}');

    -- In hash order, as in _reproq_enqueue_specs.
    with inserted as (
        insert into task_runs as r (
            result_id, claim_order, queue_name, priority, backend_alias, task_path, spec_json,
            spec_hash, dedup,
            run_after, expires_at, timeout_seconds, max_attempts, max_lease_losses,
            backoff_base, backoff_cap, lock_key, concurrency_key, concurrency_limit,
            metadata_json, result_ttl, traceparent, enqueued_at, created_at, updated_at
        )
        select
            ids[c.place], v_order, v_one.queue_name, v_one.priority, v_one.backend_alias,
            v_one.task_path, c.spec::jsonb, c.spec_hash, v_one.dedup,
            v_one.run_after, v_one.expires_at, v_one.timeout_seconds, v_one.max_attempts,
            v_one.max_lease_losses, v_one.backoff_base, v_one.backoff_cap, v_one.lock_key,
            v_one.concurrency_key, v_one.concurrency_limit, v_one.metadata, v_one.result_ttl,
            v_one.traceparent, clock, clock, clock
        from (
            select s.place, s.spec, _reproq_spec_hash(s.spec) as spec_hash
            from (
                select
                    e.place,
                    left(v_text, v_args_at - 1)
                    || coalesce(e.call ->> 'args', '[]')
                    || substr(v_text, v_args_at + 2, v_kwargs_at - v_args_at - 2)
                    || coalesce(e.call ->> 'kwargs', '{}')
                    || substr(v_text, v_kwargs_at + 2) as spec
                from jsonb_array_elements(calls) with ordinality e (call, place)
                -- (Keeps the spec from being built a second time for its hash.)
                offset 0
            ) s
            order by spec_hash, s.place
        ) c
        on conflict (spec_hash) where r.dedup and r.finished_at is null do nothing
        returning r.result_id
    )

    select array_agg(i.result_id) into v_inserted
    from inserted i;
    return coalesce(v_inserted, '{}');
end;
$$;

comment on function _reproq_enqueue_calls(jsonb, jsonb, bigint[], timestamptz) is
'Insert the runs of calls, objects of args and kwargs alone, that have all else in common, which is read and checked once; those of ids that are new, the others met live twins.';
