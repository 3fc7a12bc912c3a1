create or replace function reproq_violations()
returns table (invariant text, subject text)
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    -- Truncation is no matter of snapshots: a partition that is emptied between this statement's
    -- snapshot and its reading would look empty with nobody moved.
    lock table
    task_runs, reproq_ready, reproq_scheduled, reproq_blocked, reproq_leases, reproq_edges
    in access share mode;
    -- One statement is one snapshot is one instant.
    return query
    select * from _reproq_broken_tickets()
    union all
    select * from _reproq_broken_runs()
    union all
    select * from _reproq_broken_leases()
    union all
    select * from _reproq_broken_gates()
    union all
    select * from _reproq_broken_workflows()
    union all
    select * from _reproq_broken_schedules();
end;
$$;

comment on function reproq_violations() is
'Every invariant that SQL can see and that is broken just now; empty when all is well. Scans the records: for tests, chaos runs and the doctor.';
