create or replace function _reproq_read_specs(specs jsonb, prefix text)
returns table (
    place bigint,
    result_id bigint,
    spec_json jsonb,
    backend_alias text,
    priority integer,
    run_after timestamptz,
    expires_at timestamptz,
    lock_key text,
    concurrency_key text,
    concurrency_limit integer,
    max_attempts integer,
    timeout_seconds integer,
    dedup boolean,
    backoff_base interval,
    backoff_cap interval,
    metadata jsonb,
    result_ttl interval,
    max_lease_losses integer,
    traceparent text
)
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
    v_defaults jsonb := '{
        "task_path": null, "args": [], "kwargs": {}, "queue": "default", "priority": 0,
        "run_after": null, "run_in": null, "lock_key": null, "concurrency_key": null,
        "concurrency_limit": 0, "max_attempts": 3, "timeout_seconds": 900, "expires_in": null,
        "dedup": true, "backoff_base": "30 seconds", "backoff_cap": "1 hour",
        "takes_context": false, "backend_alias": "default", "provenance": null, "metadata": {},
        "result_ttl": null, "max_lease_losses": 3, "traceparent": null
    }';
    v_names text[] := array(select jsonb_object_keys(v_defaults));
    v_plain text[] := array[
        'task_path', 'args', 'kwargs', 'queue', 'priority', 'dedup', 'max_attempts',
        'timeout_seconds', 'takes_context', 'backend_alias'
    ];
begin
    return query
    select
        r.place,
        nextval('task_runs_result_id_seq'),
        _reproq_spec_json(
            r.task_path, r.args, r.kwargs, r.takes_context, r.queue, r.priority, r.lock_key,
            r.concurrency_key, r.concurrency_limit, t.starts, r.timeout_seconds, r.max_attempts,
            r.provenance
        ),
        r.backend_alias, r.priority, t.starts,
        v_now + r.expires_in,
        r.lock_key, r.concurrency_key, r.concurrency_limit, r.max_attempts, r.timeout_seconds,
        r.dedup, r.backoff_base, r.backoff_cap, r.metadata, r.result_ttl, r.max_lease_losses,
        r.traceparent
    from (
        select
            e.place, s.*,
            case
                -- A plain spec can break no other rule than these. To ask for all of them, and
                -- for the name of the one that is broken, takes as long as writing the run.
                when jsonb_typeof(e.spec) = 'object'
                    and e.spec - v_plain = '{}'
                    and length(s.task_path) <= 500
                    and s.task_path ~ '^[^\s.]+(\.[^\s.]+)+$'
                    and jsonb_typeof(s.args) = 'array'
                    and jsonb_typeof(s.kwargs) = 'object'
                    and pg_column_size(s.args) + pg_column_size(s.kwargs) < 131072
                    and length(s.queue) <= 255
                    and s.queue ~ '\S'
                    and s.max_attempts between 1 and 10000
                    and s.timeout_seconds between 1 and 31536000
                    and num_nulls(s.priority, s.dedup, s.takes_context, s.backend_alias) = 0
                    then true
                else _reproq_check_spec(
                    format(prefix, e.place - 1),
                    case when jsonb_typeof(e.spec) = 'object' then e.spec - v_names end,
                    s.task_path, s.args, s.kwargs, s.queue, s.priority, s.run_after, s.run_in,
                    s.lock_key, s.concurrency_key, s.concurrency_limit, s.max_attempts,
                    s.timeout_seconds, s.expires_in, s.dedup, s.backoff_base, s.backoff_cap,
                    s.takes_context, s.backend_alias, s.provenance, s.metadata, s.result_ttl,
                    s.max_lease_losses, s.traceparent
                )
            end as checked
        from jsonb_array_elements(specs) with ordinality e (spec, place)
        cross join lateral jsonb_to_record(
            case
                when jsonb_typeof(e.spec) = 'object' then v_defaults || e.spec
                else v_defaults
            end
        ) s (
            task_path text, args jsonb, kwargs jsonb, queue text, priority integer,
            run_after timestamptz, run_in interval, lock_key text, concurrency_key text,
            concurrency_limit integer, max_attempts integer, timeout_seconds integer,
            expires_in interval, dedup boolean, backoff_base interval, backoff_cap interval,
            takes_context boolean, backend_alias text, provenance jsonb, metadata jsonb,
            result_ttl interval, max_lease_losses integer, traceparent text
        )
        order by e.place
    ) r
    -- Added up only once it is checked: a time out of range has its own error.
    cross join lateral (select coalesce(r.run_after, v_now + r.run_in) as starts) t
    where r.checked;
end;
$$;

comment on function _reproq_read_specs(jsonb, text) is
'The columns of the runs that specs describe, checked, with ids drawn in input order. prefix names the place of a spec in errors.';
