create or replace function _reproq_slot_spec(task periodic_tasks, slot timestamptz)
returns jsonb
language plpgsql
volatile
set search_path from current
as $$
declare
    c_timeout constant integer := 900;
    v_call record := _reproq_read_payload(task.payload_json);
    v_key text := nullif(task.concurrency_key, '');
    v_attempts integer := case when task.max_attempts > 0 then task.max_attempts else 3 end;
begin
    perform _reproq_check_spec(
        '', '{}', task.task_path, v_call.args, v_call.kwargs, task.queue_name, task.priority, slot,
        null, null, v_key, task.concurrency_limit, v_attempts, c_timeout, null, true, '0', '0',
        false, 'default', null, '{}', null, 0
    );
    return _reproq_spec_text(
        task.task_path, v_call.args, v_call.kwargs, false, task.queue_name, task.priority, null,
        v_key, task.concurrency_limit, slot, c_timeout, v_attempts, null
    )::jsonb || jsonb_build_object(
        'periodic_name', task.name,
        'scheduled_at',
        rtrim(
            rtrim(to_char(slot at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.'
        ) || 'Z'
    );
end;
$$;

comment on function _reproq_slot_spec(periodic_tasks, timestamptz) is
'The spec of the run that a schedule enqueues for a slot, checked like any other. Errors: 22023, RQ004.';
