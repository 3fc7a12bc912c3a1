create or replace function _reproq_fire_due(max_schedules integer)
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
    v_task periodic_tasks;
    v_fired integer := 0;
begin
    -- Whoever locks the row fires the slot and moves on in one transaction; any other ticker passes
    -- over the row, and afterwards finds it no longer due.
    for v_task in
        select t.*
        from periodic_tasks t
        where t.enabled
            and coalesce(t.next_run_at, '-infinity') <= v_now
            and coalesce(t.retry_at, '-infinity') <= v_now
        order by coalesce(t.next_run_at, '-infinity')
        limit max_schedules
        for update skip locked
    loop
        -- One that fails keeps its slot and says why. It is tried again once a minute, or as soon
        -- as somebody edits it: nothing is lost, no tick is busy with it, and since it steps back
        -- for that minute, not even a thousand of them keep the others from being fired.
        begin
            if _reproq_fire(v_task, v_now) is not null then
                v_fired := v_fired + 1;
            end if;
        exception
            when others then
                raise warning 'reproq: schedule "%" is broken: %', v_task.name, sqlerrm;
                update periodic_tasks t
                set last_error = left(sqlerrm, 1000), retry_at = v_now + interval '1 minute'
                where t.name = v_task.name;
        end;
    end loop;
    return v_fired;
end;
$$;

comment on function _reproq_fire_due(integer) is
'Fire the slots that are due of up to so many schedules, each on its own; how many runs they gave.';
