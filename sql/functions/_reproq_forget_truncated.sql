create or replace function _reproq_forget_truncated()
returns trigger
language plpgsql
volatile
set search_path from current
as $$
begin
    delete from reproq_scheduled;
    delete from reproq_blocked;
    delete from reproq_ready;
    delete from reproq_leases;
    delete from reproq_edges;
    delete from reproq_workflows;
    return null;
end;
$$;

comment on function _reproq_forget_truncated() is
'Whoever truncates the records takes all tickets, leases, edges and workflows along.';

create or replace trigger reproq_forget_truncated
after truncate on task_runs
for each statement execute function _reproq_forget_truncated();
