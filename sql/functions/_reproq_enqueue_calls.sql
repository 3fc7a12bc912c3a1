create or replace function _reproq_enqueue_calls(calls jsonb, common jsonb)
returns bigint[]
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
    v_ids bigint[] := array(
        select nextval('task_runs_result_id_seq') from generate_series(1, jsonb_array_length(calls))
    );
    v_one record;
    v_order bigint;
    v_pieces text[];
begin
    select * into v_one
    from _reproq_read_specs(jsonb_build_array(common), 'common.', v_now);
    v_order := case
        when v_one.run_after is not null
            or session_user <> current_user or current_setting('role') <> 'none' then 0
        else _reproq_claim_order(v_one.queue_name, v_one.priority, v_now)
    end;
    -- The arguments go where the spec of no call has [] and {}: before them are only numbers.
    v_pieces := regexp_match(v_one.spec_json::text, '^(.*?)\[\](.*?)\{\}(.*)$');

    -- In hash order, as in _reproq_enqueue_specs, but as new ones: a twin is an error here.
    insert into task_runs (
        result_id, claim_order, queue_name, priority, backend_alias, task_path, spec_json,
        spec_hash, dedup,
        run_after, expires_at, timeout_seconds, max_attempts, max_lease_losses,
        backoff_base, backoff_cap, lock_key, concurrency_key, concurrency_limit,
        metadata_json, result_ttl, traceparent, enqueued_at, created_at, updated_at
    )
    select
        v_ids[c.place], v_order, v_one.queue_name, v_one.priority, v_one.backend_alias,
        v_one.task_path,
        -- Setting one part takes half as long as reading the text.
        case
            when c.call -> 'kwargs' <> '{}' then c.spec::jsonb
            else jsonb_set(v_one.spec_json, '{args}', coalesce(c.call -> 'args', '[]'))
        end,
        c.spec_hash, v_one.dedup,
        v_one.run_after, v_one.expires_at, v_one.timeout_seconds, v_one.max_attempts,
        v_one.max_lease_losses, v_one.backoff_base, v_one.backoff_cap, v_one.lock_key,
        v_one.concurrency_key, v_one.concurrency_limit, v_one.metadata, v_one.result_ttl,
        v_one.traceparent, v_now, v_now, v_now
    from (
        select
            s.place, s.call, s.spec,
            -- As _reproq_spec_hash has it, without a call for each.
            encode(sha256(convert_to(s.spec, 'UTF8')), 'hex') as spec_hash
        from (
            select
                e.place, e.call,
                v_pieces[1] || coalesce(e.call ->> 'args', '[]')
                || v_pieces[2] || coalesce(e.call ->> 'kwargs', '{}')
                || v_pieces[3] as spec
            from jsonb_array_elements(calls) with ordinality e (call, place)
            -- (Keeps the spec from being built a second time for its hash.)
            offset 0
        ) s
        order by spec_hash, s.place
    ) c;
    return v_ids;
end;
$$;

comment on function _reproq_enqueue_calls(jsonb, jsonb) is
'Insert new runs of calls, objects of args and kwargs alone, that have all else in common, which is read and checked once; their ids, in input order. Errors: 23505 where one of them meets a live twin, beside those of reproq_enqueue.';
