create or replace function _reproq_check_schedule()
returns trigger
language plpgsql
volatile
set search_path from current
as $$
declare
    v_now timestamptz := _reproq_now();
    v_new_work boolean := true;
    v_new_times boolean := true;
    v_next timestamptz;
    -- Whether next_run_at is the database's to say.
    v_ask boolean := new.next_run_at is null;
begin
    if tg_op = 'UPDATE' then
        if new is not distinct from old then
            return new;
        end if;
        new.updated_at := v_now;
        v_new_work := (
            new.name, new.task_path, new.payload_json, new.queue_name, new.priority,
            new.max_attempts, new.concurrency_key, new.concurrency_limit
        ) is distinct from (
            old.name, old.task_path, old.payload_json, old.queue_name, old.priority,
            old.max_attempts, old.concurrency_key, old.concurrency_limit
        );
        v_new_times := new.cron_expr <> old.cron_expr or new.time_zone <> old.time_zone;

        if new.next_run_at = old.last_run_at
            and new.last_run_at is distinct from old.last_run_at then
            -- The whole row as it was read before a tick fired it: that slot is not due again.
            new.next_run_at := old.next_run_at;
            new.last_run_at := old.last_run_at;
        end if;
        v_ask := case
            when new.next_run_at is null then
                v_new_times
                or (new.enabled and (old.next_run_at is not null or not old.enabled))
            when new.next_run_at <> old.next_run_at or old.next_run_at is null then false
            -- A slot that is due stays due, whatever else is edited.
            when old.enabled and old.next_run_at <= v_now then false
            -- Slots that passed while it was disabled are over.
            else v_new_times or (new.enabled and not old.enabled and new.next_run_at <= v_now)
        end;
        -- What was broken may be whole now.
        if v_new_work or v_new_times or new.next_run_at is distinct from old.next_run_at then
            new.retry_at := null;
        end if;
        if (v_new_work or v_new_times) and new.last_error = old.last_error then
            new.last_error := null;
        end if;
    end if;

    -- Only what is written is checked: a row that is broken already can still be disabled.
    if v_new_work then
        if new.name !~ '\S' or length(new.name) > 255 then
            perform _reproq_refuse('name', 'must be a name of 1 to 255 characters');
        end if;
        new.concurrency_key := nullif(new.concurrency_key, '');
        perform _reproq_slot_spec(new, v_now);
    end if;
    if new.next_run_at not between '0001-01-02' and '9999-12-30' then
        perform _reproq_refuse('next_run_at', 'must be a finite time between the years 1 and 9999');
    end if;
    if v_new_times or v_ask then
        -- Never a slot that was fired already, though the clock was put back.
        v_next := reproq_cron_next(
            new.cron_expr, greatest(v_now, new.last_run_at), new.time_zone
        );
    end if;
    if v_ask then
        new.next_run_at := v_next;
    end if;
    return new;
end;
$$;

comment on function _reproq_check_schedule() is
'Check what is written to a schedule and fill next_run_at where it is left out; a slot that is due stays due. Errors: 22023 naming the column.';

create or replace trigger reproq_check_schedule
before insert or update on periodic_tasks
for each row execute function _reproq_check_schedule();
