create or replace function _reproq_settle_dependants(result_ids bigint[], statuses text[])
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
    v_done bigint[];
    v_broken bigint[];
    v_waiting bigint[];
    v_outcomes text[];
    v_errors jsonb[];
begin
    select
        array_agg(f.result_id) filter (where f.status = 'SUCCESSFUL'),
        array_agg(f.result_id) filter (where f.status in ('FAILED', 'CANCELLED'))
    into v_done, v_broken
    from unnest(_reproq_settle_dependants.result_ids, _reproq_settle_dependants.statuses)
        f (result_id, status)
    where exists (select 1 from reproq_edges e where e.waits_for = any(array[f.result_id]));
    if v_done is null and v_broken is null then
        return;
    end if;

    -- Lock first, count in the next statement: in one, two last members each miss the other.
    perform _reproq_lock_dependants(v_done, v_broken);

    -- Every transitive dependant of a broken run ends with the first of them as the culprit. One
    -- that does not wait has no part in it, nor have those behind it.
    with recursive downstream (result_id, culprit) as (
        select e.result_id, e.waits_for
        from reproq_edges e
        inner join task_runs r on r.result_id = any(array[e.result_id])
        where e.waits_for = any(v_broken) and r.status = 'WAITING'
        union
        select e.result_id, d.culprit
        from downstream d
        inner join reproq_edges e on e.waits_for = any(array[d.result_id])
        inner join task_runs r on r.result_id = any(array[e.result_id])
        where r.status = 'WAITING'
    ),

    failing as (
        select d.result_id, min(d.culprit) as culprit
        from downstream d
        group by d.result_id
    ),

    freed as (
        select distinct e.result_id
        from reproq_edges e
        where e.waits_for = any(v_done)
            -- Runs are started in the order of their ids, more or less: from the last of them back,
            -- the first that is looked at is most likely not done.
            and (
                select o.waits_for
                from reproq_edges o
                inner join task_runs p on p.result_id = any(array[o.waits_for])
                where o.result_id = any(array[e.result_id]) and p.status <> 'SUCCESSFUL'
                order by o.waits_for desc
                limit 1
            ) is null
    )

    select
        array_agg(w.result_id order by w.result_id), array_agg(w.outcome order by w.result_id),
        array_agg(w.error order by w.result_id)
    into v_waiting, v_outcomes, v_errors
    from (
        select r.result_id, 'free' as outcome, null::jsonb as error
        from freed f
        inner join task_runs r on r.result_id = any(array[f.result_id])
        where r.status = 'WAITING'
        union all
        select f.result_id, 'fail', jsonb_build_object(
            'kind', 'workflow_failed',
            'message', format('workflow_failed: run %s did not succeed', f.culprit),
            'failed_result_id', f.culprit
        )
        from failing f
    ) w;
    if v_waiting is not null then
        perform _reproq_settle(v_waiting, v_outcomes, v_errors);
    end if;
end;
$$;

comment on function _reproq_settle_dependants(bigint[], text[]) is
'Release the runs whose last predecessor has succeeded; fail those that wait for one that ended badly.';
