create or replace function _reproq_spec_json(
    task_path text,
    args jsonb,
    kwargs jsonb,
    takes_context boolean,
    queue text,
    priority integer,
    lock_key text,
    concurrency_key text,
    concurrency_limit integer,
    run_after timestamptz,
    timeout_seconds integer,
    max_attempts integer,
    provenance jsonb
)
returns jsonb
language plpgsql
stable
set search_path from current
as $$
begin
    return jsonb_build_object(
        -- In the order in which jsonb keeps keys, by length and then by bytes: it sorts faster.
        'v', 1,
        'args', args,
        'exec', jsonb_build_object(
            'max_attempts', max_attempts, 'timeout_seconds', timeout_seconds
        ),
        'kwargs', kwargs,
        'lock_key', lock_key,
        'priority', priority,
        -- Written in UTC: the session's time zone must not change the hash.
        'run_after', to_char(run_after at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
        'task_path', task_path,
        'provenance', coalesce(provenance, '{"code_ref": null, "pip_lock_hash": null}'),
        'queue_name', queue,
        'takes_context', takes_context,
        'concurrency_key', concurrency_key,
        'concurrency_limit', concurrency_limit
    );
end;
$$;

comment on function _reproq_spec_json(
    text, jsonb, jsonb, boolean, text, integer, text, text, integer, timestamptz, integer, integer,
    jsonb
) is
'The spec of a run, whose hash decides whether two enqueues mean the same.';
