create or replace function _reproq_error_entry(
    outcome text,
    status text,
    error jsonb,
    task_path text,
    attempt integer,
    worker_id text,
    expires_at timestamptz,
    at_time timestamptz
)
returns jsonb
language plpgsql
volatile
set search_path from current
as $$
declare
    v_error jsonb := error;
begin
    if status = 'SUCCESSFUL' or outcome in ('release', 'free') and status <> 'CANCELLED' then
        return null;
    end if;
    v_error := case
        when status = 'CANCELLED' then
            jsonb_build_object('message', 'cancelled', 'task_path', task_path)
            || coalesce(v_error, '{}') || '{"kind": "cancelled"}'
        when outcome = 'complete' then
            '{"kind": "result_too_large"}' || jsonb_build_object(
                'message', 'result_too_large: the result has more than 1 MiB of JSON text'
            )
        when outcome = 'lose' then jsonb_build_object(
            'kind', 'lease_lost',
            'message',
            format('lease_lost: worker %s did not renew its lease in time', worker_id)
        )
        when outcome = 'expire' then jsonb_build_object(
            'kind', 'expired', 'message', format('expired: not picked up before %s', expires_at)
        )
        else '{"kind": "app_error", "message": ""}' || coalesce(v_error, '{}')
    end;

    -- A traceback may be as large as a task likes; its end says most.
    if pg_column_size(v_error) > 65536 then
        v_error := jsonb_strip_nulls(jsonb_build_object(
            'kind', left(v_error ->> 'kind', 100),
            'exception_class', left(v_error ->> 'exception_class', 500),
            'message', left(v_error ->> 'message', 8192),
            'traceback', right(v_error ->> 'traceback', 32768),
            'truncated', true
        ));
    end if;
    return v_error || jsonb_build_object(
        'attempt', attempt,
        'worker_id', worker_id,
        'at', to_char(at_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    );
end;
$$;

comment on function _reproq_error_entry(
    text, text, jsonb, text, integer, text, timestamptz, timestamptz
) is
'What errors_json gets for an outcome, or null when it is no error.';
