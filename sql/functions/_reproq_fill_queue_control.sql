create or replace function _reproq_fill_queue_control()
returns trigger
language plpgsql
volatile
set search_path from current
as $$
declare
    v_was_paused boolean := tg_op <> 'INSERT' and old.paused;
begin
    if tg_op = 'DELETE' then
        -- A queue without a row is not paused.
        if v_was_paused then
            perform _reproq_wake_workers(array[old.queue_name]);
        end if;
        return old;
    end if;
    if new.queue_name is null or new.queue_name !~ '\S' or length(new.queue_name) > 255 then
        perform _reproq_refuse('queue_name', 'must be a name of 1 to 255 characters');
    end if;
    if new.paused and not v_was_paused then
        new.paused_at := coalesce(new.paused_at, _reproq_now());
    elsif not new.paused then
        new.paused_at := null;
        new.reason := null;
    end if;
    new.updated_at := _reproq_now();
    if v_was_paused and not new.paused then
        perform _reproq_wake_workers(array[new.queue_name]);
    end if;
    return new;
end;
$$;

comment on function _reproq_fill_queue_control() is
'Check the settings of a queue (22023), fill in since when it is paused, and tell its workers when it is not any more.';

create or replace trigger reproq_fill_queue_control
before insert or update or delete on reproq_queue_controls
for each row execute function _reproq_fill_queue_control();
