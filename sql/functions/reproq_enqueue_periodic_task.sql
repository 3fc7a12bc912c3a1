create or replace function reproq_enqueue_periodic_task(
    name text,
    only_due boolean default false
)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_variable
declare
    v_now timestamptz := _reproq_now();
    v_task periodic_tasks;
    v_id bigint;
begin
    if name is null then
        perform _reproq_refuse('name', 'must not be null', '22004');
    end if;
    -- The row is the lock: a tick that fires this slot now has either done so when this goes on, or
    -- passes over the row and finds it moved on.
    select t.* into v_task from periodic_tasks t where t.name = name for update;
    if v_task.name is null then
        perform _reproq_refuse('name', format('there is no schedule "%s"', left(name, 255)));
    elsif not v_task.enabled then
        return null;
    end if;

    -- Whether something is due is for next_run_at alone to say. An outside timer's own idea of the
    -- time would fire a slot that a tick has just fired, or one that was put off.
    if v_task.next_run_at <= v_now then
        return _reproq_fire(v_task, v_now);
    end if;
    if only_due then
        return null;
    end if;
    if v_task.last_run_at is null then
        -- Never run, so no slot can be fired twice: whoever calls this wants to see it run.
        v_id := _reproq_enqueue_slot(v_task, v_now);
        update periodic_tasks t
        set last_run_at = v_now, last_error = null, retry_at = null
        where t.name = name;
        return v_id;
    end if;
    return _reproq_live_twin(
        _reproq_spec_hash(_reproq_slot_spec(v_task, v_task.last_run_at)::text)
    );
end;
$$;

comment on function reproq_enqueue_periodic_task(text, boolean) is
'Enqueue the slot of a schedule that is due, or its first run, and return the result_id; when a tick was quicker, that run while it is live, else null. Null for a disabled schedule, and with only_due for one of which nothing is due: what a timer that calls every minute says. Errors: 22004, 22023 for one that does not exist or cannot be enqueued.';
