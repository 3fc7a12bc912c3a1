create or replace function reproq_retire_worker(worker_id text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    delete from reproq_waiters w where w.worker_id = reproq_retire_worker.worker_id;
    delete from reproq_workers w where w.worker_id = reproq_retire_worker.worker_id;
end;
$$;

comment on function reproq_retire_worker(text) is
'Take a worker out of the registry; leases that it still holds run out by themselves.';
