create or replace function _reproq_spec_text(
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
returns text
language plpgsql
stable
set search_path from current
as $$
begin
    -- As jsonb itself would write it, keys by length and then by bytes: the hash is that of
    -- spec_json as text, and to build a jsonb and write it out takes twice as long.
    return '{"v": 1, "args": ' || args::text
        || ', "exec": {"max_attempts": ' || max_attempts
        || ', "timeout_seconds": ' || timeout_seconds
        || '}, "kwargs": ' || kwargs::text
        || ', "lock_key": ' || coalesce(to_json(lock_key)::text, 'null')
        || ', "priority": ' || priority
        -- Written in UTC: the session's time zone must not change the hash.
        || ', "run_after": ' || coalesce(
            to_json(
                to_char(run_after at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
            )::text,
            'null'
        )
        || ', "task_path": ' || to_json(task_path)::text
        || ', "provenance": '
        || coalesce(provenance::text, '{"code_ref": null, "pip_lock_hash": null}')
        || ', "queue_name": ' || to_json(queue)::text
        || ', "takes_context": ' || takes_context
        || ', "concurrency_key": ' || coalesce(to_json(concurrency_key)::text, 'null')
        || ', "concurrency_limit": ' || concurrency_limit || '}';
end;
$$;

comment on function _reproq_spec_text(
    text, jsonb, jsonb, boolean, text, integer, text, text, integer, timestamptz, integer, integer,
    jsonb
) is
'The spec of a run as the text of a jsonb, whose hash decides whether two enqueues mean the same.';
