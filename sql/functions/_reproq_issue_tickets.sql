create or replace function _reproq_issue_tickets()
returns trigger
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
    v_running bigint[];
begin
    -- Straight from the new records: reading them again would cost as much as writing the tickets.
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
    where c.status = 'READY';
    -- Asked by one look into an index, whatever the number of records: sorting them out by queue is
    -- for when somebody waits. (`distinct` alone would be a tenth of a single enqueue.)
    if found and exists (
        select 1
        from reproq_waiters w
        where w.queue_name = any(
            array(select c.queue_name from created c where c.status = 'READY')
        )
            and w.waiting_until > _reproq_now()
    ) then
        perform _reproq_wake_workers(
            array(select distinct c.queue_name from created c where c.status = 'READY')
        );
    end if;

    if exists (select 1 from created c where c.status <> 'READY') then
        insert into reproq_scheduled (result_id, run_after)
        select c.result_id, c.run_after
        from created c
        where c.status = 'SCHEDULED'
        -- An orphan that has the id by mistake must not stop the enqueue.
        on conflict (result_id) do update set run_after = excluded.run_after;
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
