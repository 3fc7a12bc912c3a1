create or replace function _reproq_lock_dependants(succeeded bigint[], broken bigint[])
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
begin
    -- All in one statement and by id: two batches of outcomes whose dependants overlap would else
    -- wait for each other in a circle.
    perform r.result_id
    from task_runs r
    where r.result_id = any(array(
            select e.result_id
            from reproq_edges e
            where e.waits_for = any(succeeded)
            union
            (
                with recursive downstream (result_id) as (
                    select b.result_id
                    from unnest(broken) b (result_id)
                    union
                    select e.result_id
                    from downstream d
                    inner join reproq_edges e on e.waits_for = any(array[d.result_id])
                )

                select d.result_id
                from downstream d
            )
        ))
        and r.status = 'WAITING'
    order by r.result_id
    for no key update;
end;
$$;

comment on function _reproq_lock_dependants(bigint[], bigint[]) is
'Lock the WAITING runs that a success may release or a bad end will fail, themselves included, by id: before any of them is moved.';
