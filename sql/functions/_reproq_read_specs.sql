create or replace function _reproq_read_specs(specs jsonb, prefix text, clock timestamptz)
returns table (
    place bigint,
    task_path text,
    queue_name text,
    spec_json jsonb,
    spec_hash text,
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
    v_names text[] := array[
        'task_path', 'args', 'kwargs', 'queue', 'priority', 'run_after', 'run_in', 'lock_key',
        'concurrency_key', 'concurrency_limit', 'max_attempts', 'timeout_seconds', 'expires_in',
        'dedup', 'backoff_base', 'backoff_cap', 'takes_context', 'backend_alias', 'provenance',
        'metadata', 'result_ttl', 'max_lease_losses', 'traceparent'
    ];
    v_plain text[] := array[
        'task_path', 'args', 'kwargs', 'queue', 'priority', 'dedup', 'max_attempts',
        'timeout_seconds', 'takes_context', 'backend_alias'
    ];
begin
    return query
    select
        h.place, h.task_path, h.queue, h.spec::jsonb, _reproq_spec_hash(h.spec),
        h.backend_alias, h.priority, h.starts, clock + h.expires_in, h.lock_key,
        h.concurrency_key, h.concurrency_limit, h.max_attempts, h.timeout_seconds, h.dedup,
        h.backoff_base, h.backoff_cap, h.metadata, h.result_ttl, h.max_lease_losses, h.traceparent
    from (
        select
            r.*, t.starts,
            _reproq_spec_text(
                r.task_path, r.args, r.kwargs, r.takes_context, r.queue, r.priority, r.lock_key,
                r.concurrency_key, r.concurrency_limit, t.starts, r.timeout_seconds,
                r.max_attempts, r.provenance
            ) as spec
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
            -- The defaults, as a row: what a spec does not name keeps them.
            cross join (
                select
                    null::text as task_path, '[]'::jsonb as args, '{}'::jsonb as kwargs,
                    'default'::text as queue, 0 as priority,
                    null::timestamptz as run_after, null::interval as run_in,
                    null::text as lock_key, null::text as concurrency_key, 0 as concurrency_limit,
                    3 as max_attempts, 900 as timeout_seconds, null::interval as expires_in,
                    true as dedup, interval '30 seconds' as backoff_base,
                    interval '1 hour' as backoff_cap, false as takes_context,
                    'default'::text as backend_alias, null::jsonb as provenance,
                    '{}'::jsonb as metadata, null::interval as result_ttl, 3 as max_lease_losses,
                    null::text as traceparent
            ) d
            cross join lateral jsonb_populate_record(
                d, case when jsonb_typeof(e.spec) = 'object' then e.spec else '{}' end
            ) s (
                task_path text, args jsonb, kwargs jsonb, queue text, priority integer,
                run_after timestamptz, run_in interval, lock_key text, concurrency_key text,
                concurrency_limit integer, max_attempts integer, timeout_seconds integer,
                expires_in interval, dedup boolean, backoff_base interval, backoff_cap interval,
                takes_context boolean, backend_alias text, provenance jsonb, metadata jsonb,
                result_ttl interval, max_lease_losses integer, traceparent text
            )
        ) r
        -- Added up only once it is checked: a time out of range has its own error.
        cross join lateral (select coalesce(r.run_after, clock + r.run_in) as starts) t
        where r.checked
        -- (Keeps the spec from being built a second time for its hash.)
        offset 0
    ) h;
end;
$$;

comment on function _reproq_read_specs(jsonb, text, timestamptz) is
'The columns of the runs that specs describe, checked, in input order. prefix names the place of a spec in errors.';
