create or replace function _reproq_lost(
    max_tasks integer,
    older_than interval,
    include_null_lease boolean
)
returns bigint[]
language sql
volatile
set search_path from current
set jit = off
as $$
    select array(
        select l.result_id
        from reproq_leases l
        inner join task_runs r on r.result_id = l.result_id
        where l.leased_until <= _reproq_now() - older_than
            and pg_postmaster_start_time() + l.lease_length <= _reproq_now()
            and r.status = 'RUNNING'
        union all
        select r.result_id
        from task_runs r
        where include_null_lease
            and r.status = 'RUNNING'
            and not _reproq_has_ticket(r.result_id, r.status)
        limit max_tasks
    );
$$;

comment on function _reproq_lost(integer, interval, boolean) is
'The ids of what reproq_reclaim would take back, without touching it.';
