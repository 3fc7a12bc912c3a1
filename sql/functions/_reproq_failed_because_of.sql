create or replace function _reproq_failed_because_of(result_ids bigint[])
returns bigint[]
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
    return array(
        with recursive downstream (result_id) as (
            select e.result_id
            from reproq_edges e
            inner join task_runs r on r.result_id = any(array[e.result_id])
            where e.waits_for = any(result_ids)
                and r.status = 'FAILED'
                and r.errors_json -> -1 ->> 'kind' = 'workflow_failed'
            union
            select e.result_id
            from downstream d
            inner join reproq_edges e on e.waits_for = any(array[d.result_id])
            inner join task_runs r on r.result_id = any(array[e.result_id])
            where r.status = 'FAILED' and r.errors_json -> -1 ->> 'kind' = 'workflow_failed'
        )

        select d.result_id
        from downstream d
        where d.result_id <> all(result_ids)
        order by d.result_id
    );
end;
$$;

comment on function _reproq_failed_because_of(bigint[]) is
'All runs that failed because one of these, directly or not, had ended badly.';
