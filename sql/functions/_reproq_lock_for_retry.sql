create or replace function _reproq_lock_for_retry(result_ids bigint[])
returns void
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
declare
    v_again bigint[] := result_ids || _reproq_failed_because_of(result_ids);
    v_befores bigint[];
begin
    -- Whoever waits again must not miss the end of one that it waits for: that one's end is kept
    -- waiting until it can see who waits. The order is that of an end: first what may be ending,
    -- then those that wait.
    v_befores := array(
        select distinct p.result_id
        from reproq_edges e
        inner join task_runs p on p.result_id = any(array[e.waits_for])
        where e.result_id = any(v_again) and p.finished_at is null
    );
    perform r.result_id
    from task_runs r
    where r.result_id = any(v_befores) and r.status <> 'WAITING'
    order by r.result_id
    for no key update;
    perform r.result_id
    from task_runs r
    where r.result_id = any(v_again || v_befores)
    order by r.result_id
    for no key update;
end;
$$;

comment on function _reproq_lock_for_retry(bigint[]) is
'Lock finished runs that are about to get a new start, those that failed because of them, and all that these wait for.';
