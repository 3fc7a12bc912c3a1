-- Workflows for tests, after setup.sql.

-- A workflow by its graph: '{"a": [], "b": ["a"]}' is b after a. Every node's argument is its key.
create function flow(graph jsonb, callback text default null, options jsonb default '{}')
returns jsonb
language sql
volatile
as $$
    select coalesce(jsonb_object_agg(w.key, w.result_id) || jsonb_build_object('id', min(w.workflow_id::text)), '{}')
    from reproq_enqueue_workflow(
        (
            select coalesce(jsonb_agg(
                jsonb_build_object(
                    'task_path', 'shop.tasks.work', 'args', jsonb_build_array(g.key), 'key', g.key, 'after', g.value
                ) || options
            ), '[]')
            from jsonb_each(graph) g
        ),
        callback
    ) w;
$$;

create function stand(flow jsonb)
returns text
language sql
volatile
as $$
    select string_agg(f.key || ' ' || (run(f.value::bigint)).status, ', ' order by f.key)
    from jsonb_each_text(flow) f where f.key <> 'id';
$$;

create function standing(flow jsonb)
returns text
language sql
volatile
as $$
    select format('%s %s+%s of %s', w.status, w.success_count, w.failure_count, w.expected_count)
    from workflow_runs w where w.workflow_id = (flow ->> 'id')::uuid;
$$;

create function complete(flow jsonb, key text, return_json jsonb default null)
returns void
language plpgsql
volatile
as $$
begin
    if claims() <> key then
        raise exception '% was not the next', key;
    end if;
    perform reproq_complete((flow ->> key)::bigint, (run((flow ->> key)::bigint)).lease_no, return_json);
end;
$$;

create function finish(flow jsonb, key text, outcome text)
returns void
language plpgsql
volatile
as $$
begin
    if claims() <> key then
        raise exception '% was not the next', key;
    end if;
    perform reproq_finish('w1', jsonb_build_array(jsonb_build_object(
        'result_id', flow -> key, 'lease_no', (run((flow ->> key)::bigint)).lease_no,
        'outcome', outcome, 'retry', false, 'error', jsonb_build_object('message', key)
    )));
end;
$$;
