create or replace function _reproq_issue_tickets()
returns trigger
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
as $$
declare
    v_ready bigint[];
    v_running bigint[];
    v_scheduled boolean;
begin
    select
        array_agg(c.result_id) filter (where c.status = 'READY'),
        array_agg(c.result_id) filter (where c.status = 'RUNNING'),
        bool_or(c.status = 'SCHEDULED')
    into v_ready, v_running, v_scheduled
    from created c;

    if v_ready is not null then
        perform _reproq_line_up(v_ready);
    end if;
    if v_scheduled then
        insert into reproq_scheduled (result_id, run_after)
        select c.result_id, c.run_after
        from created c
        where c.status = 'SCHEDULED';
    end if;
    if v_running is not null then
        perform _reproq_lease_running(v_running);
    end if;
    return null;
end;
$$;

comment on function _reproq_issue_tickets() is
'Give every new live record its ticket: the one entrance to the queue, whoever inserts.';

create or replace trigger reproq_issue_tickets
after insert on task_runs
referencing new table as created
for each statement execute function _reproq_issue_tickets();
