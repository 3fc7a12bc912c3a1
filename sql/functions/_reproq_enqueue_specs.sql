create or replace function _reproq_enqueue_specs(
    specs jsonb,
    prefix text,
    common jsonb default null
)
returns bigint[]
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
    v_ids bigint[] := array(
        select nextval('task_runs_result_id_seq') from generate_series(1, jsonb_array_length(specs))
    );
    v_unaged bigint := _reproq_claim_order('', 0, v_now);
    v_by_other boolean := session_user <> current_user or current_setting('role') <> 'none';
    v_inserted bigint[];
    v_again bigint[];
    v_retried bigint[];
begin
    if common is not null then
        specs := (
            select coalesce(
                jsonb_agg(
                    case when jsonb_typeof(e.spec) = 'object' then common || e.spec else e.spec end
                    order by e.place
                ), '[]'
            )
            from jsonb_array_elements(specs) with ordinality e (spec, place)
        );
    end if;

    -- In hash order, so that two batches with the same specs never wait for each other in a
    -- circle.
    with inserted as (
        insert into task_runs as r (
            result_id, claim_order, queue_name, priority, backend_alias, task_path, spec_json,
            spec_hash, dedup,
            run_after, expires_at, timeout_seconds, max_attempts, max_lease_losses,
            backoff_base, backoff_cap, lock_key, concurrency_key, concurrency_limit,
            metadata_json, result_ttl, traceparent, enqueued_at, created_at, updated_at
        )
        select
            v_ids[s.place],
            -- (Of one that may have to wait, the trigger finds status and place. It also notes
            -- who is not the owner by name.)
            case
                when s.run_after is not null or v_by_other then 0
                when s.priority = 0 then v_unaged
                else _reproq_claim_order(s.queue_name, s.priority, v_now)
            end,
            s.queue_name, s.priority, s.backend_alias, s.task_path, s.spec_json, s.spec_hash,
            s.dedup,
            s.run_after, s.expires_at, s.timeout_seconds, s.max_attempts, s.max_lease_losses,
            s.backoff_base, s.backoff_cap, s.lock_key, s.concurrency_key, s.concurrency_limit,
            s.metadata, s.result_ttl, s.traceparent, v_now, v_now, v_now
        from _reproq_read_specs(specs, prefix, v_now) s
        order by s.spec_hash, s.place
        on conflict (spec_hash) where r.dedup and r.finished_at is null do nothing
        returning r.result_id
    )

    select array_agg(i.result_id) into v_inserted
    from inserted i;

    if coalesce(cardinality(v_inserted), 0) = cardinality(v_ids) then
        return v_ids;
    end if;

    -- The rest met a live twin, perhaps of this batch, or one that has made room since.
    select array_agg(t.result_id order by t.place) into v_ids
    from (
        select h.place, coalesce(h.result_id, _reproq_live_twin(h.spec_hash)) as result_id
        from (
            select i.result_id, s.spec_hash, s.place
            from _reproq_read_specs(specs, prefix, v_now) s
            left join unnest(v_inserted) i (result_id) on i.result_id = v_ids[s.place]
            order by s.spec_hash, s.place
        ) h
    ) t;
    v_again := array_positions(v_ids, null);
    if v_again <> '{}' then
        v_retried := _reproq_enqueue_specs(
            (
                select jsonb_agg(specs -> (p.place::integer - 1) order by p.place)
                from unnest(v_again) p (place)
            ),
            prefix
        );
        select array_agg(coalesce(i.result_id, a.result_id) order by i.place)
        into v_ids
        from unnest(v_ids) with ordinality i (result_id, place)
        left join unnest(v_again, v_retried) a (place, result_id) on a.place = i.place;
    end if;
    return v_ids;
end;
$$;

comment on function _reproq_enqueue_specs(jsonb, text, jsonb) is
'Insert the runs that specs describe, each read over what they have in common, or join their live twins; the ids, in input order.';
