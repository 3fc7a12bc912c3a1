create or replace function reproq_repair()
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
    v_removed integer;
    v_lost bigint[];
begin
    perform _reproq_require_read_committed();
    v_removed := _reproq_remove_stray_tickets();

    -- Whoever is just now moving a run has its record locked or its ticket in hand: the first are
    -- passed over here, the second seen by the next statement.
    v_lost := array(
        select r.result_id
        from task_runs r
        where r.finished_at is null
            and r.status <> 'WAITING'
            and not _reproq_has_ticket(r.result_id, r.status)
        order by r.result_id
        for update skip locked
    );
    v_lost := array(
        select r.result_id
        from task_runs r
        where r.result_id = any(v_lost) and not _reproq_has_ticket(r.result_id, r.status)
        order by r.result_id
    );

    -- A BLOCKED run goes back to the line, where the next claim finds the gate that is full; a
    -- RUNNING one may still be finished by its worker, or will be reclaimed.
    update task_runs r
    set status = 'READY', updated_at = v_now
    where r.result_id = any(v_lost) and r.status = 'BLOCKED';
    insert into reproq_scheduled (result_id, run_after)
    select r.result_id, coalesce(r.run_after, v_now)
    from task_runs r
    where r.result_id = any(v_lost) and r.status = 'SCHEDULED';
    perform _reproq_lease_running(v_lost);
    perform _reproq_line_up(v_lost);
    return v_removed + cardinality(v_lost);
end;
$$;

comment on function reproq_repair() is
'Issue tickets anew from the records: live runs that have lost theirs get one, tickets that belong to no record or to none of their kind are removed; how many of both. Safe beside a running queue; reads every record. Errors: 25000.';
