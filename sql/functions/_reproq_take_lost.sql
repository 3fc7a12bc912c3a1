create or replace function _reproq_take_lost(
    max_tasks integer,
    older_than interval default '0',
    since timestamptz default null
)
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
declare
    v_now timestamptz := _reproq_now();
    v_lost bigint[];
begin
    -- After a restart of the server every worker has its lease's length again to be heard of.
    with due as materialized (
        select l.result_id
        from reproq_leases l
        where l.leased_until <= v_now - older_than
            and l.leased_until > coalesce(since, '-infinity')
            and pg_postmaster_start_time() + l.lease_length <= v_now
        order by l.leased_until, l.result_id
        limit max_tasks
        for update skip locked
    ),

    taken as (
        delete from reproq_leases l
        using due
        where l.result_id = any(array[due.result_id])
        returning l.result_id
    )

    -- A lease of a run that is not RUNNING is just thrown away.
    select array_agg(t.result_id order by t.result_id) into v_lost
    from taken t
    inner join task_runs r on r.result_id = any(array[t.result_id])
    where r.status = 'RUNNING';
    return coalesce(v_lost, '{}');
end;
$$;

comment on function _reproq_take_lost(integer, interval, timestamptz) is
'Take up to max_tasks leases that ran out so long ago off their runs, without waiting for those that somebody is just ending; the ids of the runs. since looks back no further, past leases that could not be vacuumed.';
