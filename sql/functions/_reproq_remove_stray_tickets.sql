create or replace function _reproq_remove_stray_tickets()
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
as $$
declare
    v_count integer := 0;
    v_removed integer;
begin
    delete from reproq_scheduled t
    where not exists (
        select 1 from task_runs r where r.result_id = t.result_id and r.status = 'SCHEDULED'
    );
    get diagnostics v_removed = row_count;
    v_count := v_count + v_removed;

    delete from reproq_blocked t
    where not exists (
        select 1 from task_runs r where r.result_id = t.result_id and r.status = 'BLOCKED'
    );
    get diagnostics v_removed = row_count;
    v_count := v_count + v_removed;

    delete from reproq_leases t
    where not exists (
        select 1
        from task_runs r
        where r.result_id = t.result_id and r.status = 'RUNNING' and r.lease_no = t.lease_no
    );
    get diagnostics v_removed = row_count;
    v_count := v_count + v_removed;

    -- Of a doubled ticket one stays.
    delete from reproq_ready t
    where not exists (
        select 1
        from task_runs r
        where r.result_id = t.result_id
            and r.status = 'READY'
            and r.queue_name = t.queue_name
            and r.claim_order = t.claim_order
    )
    or exists (
        select 1
        from reproq_ready d
        where d.queue_name = t.queue_name
            and d.claim_order = t.claim_order
            and d.result_id = t.result_id
            and d.ring < t.ring
    );
    get diagnostics v_removed = row_count;
    return v_count + v_removed;
end;
$$;

comment on function _reproq_remove_stray_tickets() is
'Remove tickets whose record is gone or says otherwise, and doubles; how many.';
