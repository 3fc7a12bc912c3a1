create or replace function _reproq_check_spec(
    place text,
    unknown jsonb,
    task_path text,
    args jsonb,
    kwargs jsonb,
    queue text,
    priority integer,
    run_after timestamptz,
    run_in interval,
    lock_key text,
    concurrency_key text,
    concurrency_limit integer,
    max_attempts integer,
    timeout_seconds integer,
    expires_in interval,
    dedup boolean,
    backoff_base interval,
    backoff_cap interval,
    takes_context boolean,
    backend_alias text,
    provenance jsonb,
    metadata jsonb,
    result_ttl interval,
    max_lease_losses integer,
    traceparent text default null
)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
declare
    c_text constant text := 'must be null or a key of 1 to 255 characters';
    c_delay constant text := 'must be between 0 and 10 years';
    c_object constant text := 'must be a JSON object';
    v_null text;
    v_bad text[];
begin
    -- Most runs name little, and the long way costs by its length even where it stops early.
    if num_nulls(priority, dedup, takes_context, backend_alias) = 0
        and num_nonnulls(
            run_after, run_in, lock_key, concurrency_key, expires_in, provenance, result_ttl,
            traceparent
        ) = 0
        and concurrency_limit = 0
        and max_lease_losses = 3
        and backoff_base = '30 seconds'
        and backoff_cap = '1 hour'
        and unknown = '{}'
        and metadata = '{}'
        and length(task_path) <= 500
        and task_path ~ '^[^\s.]+(\.[^\s.]+)+$'
        and jsonb_typeof(args) = 'array'
        and jsonb_typeof(kwargs) = 'object'
        and pg_column_size(args) + pg_column_size(kwargs) < 131072
        and length(queue) <= 255
        and queue ~ '\S'
        and max_attempts between 1 and 10000
        and timeout_seconds between 1 and 31536000 then
        return true;
    end if;

    if num_nulls(
        task_path, args, kwargs, queue, priority, concurrency_limit, max_attempts, timeout_seconds,
        dedup, backoff_base, backoff_cap, takes_context, backend_alias, metadata, max_lease_losses
    ) > 0 then
        v_null := case
            when task_path is null then 'task_path'
            when args is null then 'args'
            when kwargs is null then 'kwargs'
            when queue is null then 'queue'
            when priority is null then 'priority'
            when concurrency_limit is null then 'concurrency_limit'
            when max_attempts is null then 'max_attempts'
            when timeout_seconds is null then 'timeout_seconds'
            when dedup is null then 'dedup'
            when backoff_base is null then 'backoff_base'
            when backoff_cap is null then 'backoff_cap'
            when takes_context is null then 'takes_context'
            when backend_alias is null then 'backend_alias'
            when metadata is null then 'metadata'
            when max_lease_losses is null then 'max_lease_losses'
        end;
    end if;
    -- One expression, since it stands in the way of every enqueue; the first broken rule is named.
    v_bad := case
        when unknown is null then array['', 'must be an object']
        when unknown <> '{}' then array[
            (select min(k.name) from jsonb_object_keys(unknown) k (name)),
            'is no parameter of reproq_enqueue'
        ]
        when v_null is not null then array[v_null, 'must not be null', '22004']
        when length(task_path) > 500 or task_path !~ '^[^\s.]+(\.[^\s.]+)+$' then array[
            'task_path', 'must be a dotted path without spaces, at most 500 characters long'
        ]
        when jsonb_typeof(args) <> 'array' then array['args', 'must be a JSON array']
        when jsonb_typeof(kwargs) <> 'object' then array['kwargs', c_object]
        when length(queue) > 255 or queue !~ '\S' then array[
            'queue', 'must be a name of 1 to 255 characters'
        ]
        when run_after not between '0001-01-02' and '9999-12-30' then array[
            'run_after', 'must be a finite time between the years 1 and 9999'
        ]
        when run_in not between interval '0' and interval '1000 years' then array[
            'run_in', 'must be between 0 and 1000 years'
        ]
        when run_after is not null and run_in is not null then array[
            'run_in', 'must not be given beside run_after'
        ]
        when length(lock_key) > 255 or lock_key !~ '\S' then array['lock_key', c_text]
        when length(concurrency_key) > 255 or concurrency_key !~ '\S' then array[
            'concurrency_key', c_text
        ]
        when concurrency_limit not between 0 and 1000000 then array[
            'concurrency_limit', 'must be between 0 (no limit) and 1000000'
        ]
        when max_attempts not between 1 and 10000 then array[
            'max_attempts', 'must be between 1 and 10000'
        ]
        when timeout_seconds not between 1 and 31536000 then array[
            'timeout_seconds', 'must be between 1 and 31536000 seconds'
        ]
        when expires_in <= interval '0' or expires_in > interval '1000 years' then array[
            'expires_in', 'must be above 0 and at most 1000 years'
        ]
        when expires_in is not null
            and (expires_in <= run_in or _reproq_now() + expires_in <= run_after) then array[
            'expires_in', 'must end after run_after: the run would expire before it could start'
        ]
        when backoff_base not between interval '0' and interval '10 years' then array[
            'backoff_base', c_delay
        ]
        when backoff_cap not between interval '0' and interval '10 years' then array[
            'backoff_cap', c_delay
        ]
        when jsonb_typeof(provenance) <> 'object' then array['provenance', c_object]
        when jsonb_typeof(metadata) <> 'object' then array['metadata', c_object]
        when result_ttl not between interval '0' and interval '1000 years' then array[
            'result_ttl', 'must be between 0 and 1000 years'
        ]
        when max_lease_losses not between 0 and 10000 then array[
            'max_lease_losses', 'must be between 0 and 10000'
        ]
        when traceparent !~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' then array[
            'traceparent', 'must be one of W3C Trace Context'
        ]
        -- The text is at most six times as long as the stored form, which is cheap to ask.
        when pg_column_size(args) + pg_column_size(kwargs) + pg_column_size(metadata) < 131072
            then null
        when octet_length(args::text) > 1048576 then array['args', 'is larger than 1 MiB', 'RQ004']
        when octet_length(kwargs::text) > 1048576 then array[
            'kwargs', 'is larger than 1 MiB', 'RQ004'
        ]
        when octet_length(metadata::text) > 1048576 then array[
            'metadata', 'is larger than 1 MiB', 'RQ004'
        ]
    end;

    if v_bad is not null then
        perform _reproq_refuse(place || v_bad[1], v_bad[2], coalesce(v_bad[3], '22023'));
    end if;
    return true;
end;
$$;

comment on function _reproq_check_spec(
    text, jsonb, text, jsonb, jsonb, text, integer, timestamptz, interval, text, text, integer,
    integer, integer, interval, boolean, interval, interval, boolean, text, jsonb, jsonb, interval,
    integer, text
) is
'True for a spec that may be enqueued; else raises 22004, 22023 or RQ004 naming the parameter.';
