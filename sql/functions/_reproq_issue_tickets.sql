create or replace function _reproq_issue_tickets()
returns trigger
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
as $$
declare
    v_queues text[];
    v_all_ready boolean;
    v_running bigint[];
begin
    -- Straight from the new records: reading them again would cost as much as writing the tickets.
    with lined_up as (
        insert into reproq_ready (
            ring, queue_name, claim_order, result_id, lock_key, concurrency_key, concurrency_limit
        )
        select
            coalesce((select g.current from reproq_ring g), 0),
            c.queue_name, c.claim_order, c.result_id,
            c.lock_key,
            case when c.concurrency_limit > 0 then c.concurrency_key end,
            c.concurrency_limit
        from created c
        where c.status = 'READY'
        returning reproq_ready.queue_name
    )

    select
        (select array_agg(distinct l.queue_name) from lined_up l),
        (select bool_and(c.status = 'READY') from created c)
    into v_queues, v_all_ready;

    if v_queues is not null then
        perform _reproq_wake_workers(v_queues);
    end if;
    if v_all_ready is false then
        insert into reproq_scheduled (result_id, run_after)
        select c.result_id, c.run_after
        from created c
        where c.status = 'SCHEDULED';
        v_running := array(select c.result_id from created c where c.status = 'RUNNING');
        if v_running <> '{}' then
            perform _reproq_lease_running(v_running);
        end if;
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
