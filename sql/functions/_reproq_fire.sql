create or replace function _reproq_fire(task periodic_tasks, now timestamptz)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
declare
    v_slot timestamptz := task.next_run_at;
    v_id bigint;
    -- The clock may have been put back: a slot that was fired is never the next one.
    v_next timestamptz := reproq_cron_next(
        task.cron_expr, greatest(now, v_slot, task.last_run_at), task.time_zone
    );
begin
    -- However many slots have passed, it is one run, for the first of them. A schedule that came in
    -- without a time has missed none.
    if v_slot is not null then
        v_id := _reproq_enqueue_slot(task, v_slot);
    end if;
    update periodic_tasks t
    set last_run_at = coalesce(v_slot, t.last_run_at), next_run_at = v_next,
        last_error = null, retry_at = null
    where t.name = task.name;
    return v_id;
end;
$$;

comment on function _reproq_fire(periodic_tasks, timestamptz) is
'Enqueue the slot that is due of a schedule whose row the caller has locked, and move on to the next; the run''s result_id.';
