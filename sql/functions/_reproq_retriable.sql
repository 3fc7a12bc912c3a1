create or replace function _reproq_retriable(run task_runs)
returns boolean
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    return run.status in ('FAILED', 'CANCELLED')
        and not (run.dedup and exists (
            select 1
            from task_runs t
            where t.spec_hash = run.spec_hash and t.dedup and t.finished_at is null
        ))
        and not exists (
            select 1
            from reproq_edges e
            inner join task_runs p on p.result_id = any(array[e.waits_for])
            where e.result_id = run.result_id and p.status in ('FAILED', 'CANCELLED')
        );
end;
$$;

comment on function _reproq_retriable(task_runs) is
'Whether reproq_retry would give a run a new start: it has ended badly, has no live twin and waits for nobody who has ended badly.';
