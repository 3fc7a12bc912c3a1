create or replace function reproq_enqueue_workflow(nodes jsonb, callback text default null)
returns table (key text, result_id bigint, workflow_id uuid)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
    v_specs jsonb;
    v_graph record;
    v_ids bigint[];
    v_workflow uuid := gen_random_uuid();
begin
    v_graph := _reproq_read_nodes(nodes);
    if callback is not null and callback <> all(v_graph.keys) then
        perform _reproq_refuse('callback', format('no node is named %L', callback));
    end if;
    if v_graph.keys = '{}' then
        return;
    end if;
    perform _reproq_refuse_cycle(v_graph.keys, v_graph.places, v_graph.befores);

    -- All of them before the first edge, and none may be claimed before the caller commits.
    select jsonb_agg(e.node - 'key' - 'after' order by e.place) into v_specs
    from jsonb_array_elements(nodes) with ordinality e (node, place);
    with spec as materialized (
        select s.*, nextval('task_runs_result_id_seq') as result_id
        from _reproq_read_specs(v_specs, 'nodes[%s].', v_now) s
    ),

    waiting as (
        select
            w.place, count(*) as befores,
            case when count(*) = 1 then min(b.result_id) end as parent_id
        from unnest(v_graph.places, v_graph.befores) w (place, before)
        inner join spec b on b.place = w.before
        group by w.place
    ),

    inserted as (
        insert into task_runs (
            result_id, status, queue_name, priority, backend_alias, task_path, spec_json, spec_hash,
            dedup, run_after, expires_at, timeout_seconds, max_attempts, max_lease_losses,
            backoff_base, backoff_cap, lock_key, concurrency_key, concurrency_limit,
            metadata_json, result_ttl, traceparent, workflow_id, workflow_key, parent_id,
            wait_count, enqueued_at, created_at, updated_at
        )
        select
            s.result_id, case when w.place is null then 'READY' else 'WAITING' end,
            s.queue_name, s.priority, s.backend_alias, s.task_path, s.spec_json, s.spec_hash,
            false, s.run_after, s.expires_at,
            s.timeout_seconds, s.max_attempts, s.max_lease_losses, s.backoff_base, s.backoff_cap,
            s.lock_key, s.concurrency_key, s.concurrency_limit, s.metadata, s.result_ttl,
            s.traceparent, v_workflow, v_graph.keys[s.place], w.parent_id, coalesce(w.befores, 0),
            v_now, v_now, v_now
        from spec s
        left join waiting w on w.place = s.place
        order by s.place
    )

    select array_agg(s.result_id order by s.place) into v_ids
    from spec s;

    insert into reproq_edges (result_id, waits_for)
    select v_ids[w.place], v_ids[w.before]
    from unnest(v_graph.places, v_graph.befores) w (place, before);

    insert into reproq_workflows (workflow_id, expected_count, callback_result_id, created_at)
    values (
        v_workflow, cardinality(v_ids) - (callback is not null)::integer,
        v_ids[array_position(v_graph.keys, callback)], v_now
    );

    return query
    select m.key, m.result_id, v_workflow
    from unnest(v_graph.keys, v_ids) with ordinality m (key, result_id, place)
    order by m.place;
exception
    -- A value that Postgres could not read as its parameter's type.
    when invalid_text_representation or invalid_datetime_format or datetime_field_overflow
        or interval_field_overflow or numeric_value_out_of_range
        or invalid_time_zone_displacement_value then
        perform _reproq_name_unreadable(v_specs, 'nodes[%s].', sqlerrm);
        raise;
end;
$$;

comment on function reproq_enqueue_workflow(jsonb, text) is
'Enqueue runs that wait for one another, all or none: an array of objects whose keys are the parameters of reproq_enqueue and in addition key, a name of its own for each, and after, the keys of those that must succeed before it. Returns a row for each in input order, all with the same workflow_id; members never join a twin. callback names the member that workflow_runs leaves out of its counts. Errors: 22004, 22023 naming nodes[i].parameter, an unknown key or a circle, RQ004 above 1 MiB.';
