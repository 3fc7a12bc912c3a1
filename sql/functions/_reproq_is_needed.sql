create or replace function _reproq_is_needed(result_id bigint)
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
    return exists (
        select 1
        from reproq_edges e
        inner join task_runs d on d.result_id = any(array[e.result_id])
        where e.waits_for = _reproq_is_needed.result_id and d.finished_at is null
    );
end;
$$;

comment on function _reproq_is_needed(bigint) is
'Whether a run that has not finished reads the result of this one.';
