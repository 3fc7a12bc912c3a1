create or replace function _reproq_enqueue_slot(task periodic_tasks, slot timestamptz)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
declare
    v_now timestamptz := _reproq_now();
    v_spec jsonb := _reproq_slot_spec(task, slot);
    v_hash text := _reproq_spec_hash(v_spec::text);
    v_id bigint;
begin
    loop
        insert into task_runs as r (
            queue_name, priority, task_path, spec_json, spec_hash, run_after, timeout_seconds,
            max_attempts, concurrency_key, concurrency_limit, enqueued_at, created_at, updated_at
        )
        values (
            v_spec ->> 'queue_name', task.priority, v_spec ->> 'task_path', v_spec, v_hash, slot,
            (v_spec #>> '{exec,timeout_seconds}')::integer,
            (v_spec #>> '{exec,max_attempts}')::integer,
            v_spec ->> 'concurrency_key', task.concurrency_limit, v_now, v_now, v_now
        )
        on conflict (spec_hash) where r.dedup and r.finished_at is null do nothing
        returning r.result_id into v_id;
        exit when v_id is not null;
        -- As in reproq_enqueue: a live twin is joined, one that has ended since makes room.
        v_id := _reproq_live_twin(v_hash);
        exit when v_id is not null;
    end loop;
    return v_id;
end;
$$;

comment on function _reproq_enqueue_slot(periodic_tasks, timestamptz) is
'Enqueue the run of a schedule for a slot, or join the live run of that slot; its result_id.';
