create or replace function reproq_find_runs(
    status text,
    queue text default null,
    lease_lost boolean default null,
    max_tasks integer default 10000
)
returns table (result_id bigint)
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
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
    -- So many records or edges are looked at where no index knows the status.
    v_reach integer := 100000;
begin
    if max_tasks is null or max_tasks not between 1 and 100000 then
        perform _reproq_refuse('max_tasks', 'must be between 1 and 100000');
    end if;
    if reproq_find_runs.status = 'READY' then
        -- Truncation is no matter of snapshots: the line must be locked before one is taken.
        lock table reproq_ready in access share mode;
        return query
        select t.result_id
        from reproq_ready t
        where reproq_find_runs.queue is null or t.queue_name = reproq_find_runs.queue
        order by t.queue_name, t.claim_order, t.result_id
        limit max_tasks;
    elsif reproq_find_runs.status = 'SCHEDULED' then
        return query
        select t.result_id
        from reproq_scheduled t
        where reproq_find_runs.queue is null or exists (
            select 1
            from task_runs r
            where r.result_id = t.result_id and r.queue_name = reproq_find_runs.queue
        )
        order by t.run_after, t.result_id
        limit max_tasks;
    elsif reproq_find_runs.status = 'BLOCKED' then
        return query
        select t.result_id
        from reproq_blocked t
        where reproq_find_runs.queue is null or t.queue_name = reproq_find_runs.queue
        order by t.result_id desc
        limit max_tasks;
    elsif reproq_find_runs.status = 'RUNNING' then
        return query
        select t.result_id
        from reproq_leases t
        where (lease_lost is null or (t.leased_until <= v_now) = lease_lost)
            and (
                reproq_find_runs.queue is null or exists (
                    select 1
                    from task_runs r
                    where r.result_id = t.result_id and r.queue_name = reproq_find_runs.queue
                )
            )
        order by t.result_id desc
        limit max_tasks;
    elsif reproq_find_runs.status = 'WAITING' then
        -- Edges outlive those that waited, as records do.
        return query
        select distinct e.result_id
        from (
            select e.result_id
            from reproq_edges e
            order by e.result_id desc, e.waits_for desc
            limit v_reach
        ) e
        -- (By its limit: a join might read all records, which lie in the order that is wanted.)
        cross join lateral (
            select r.result_id
            from task_runs r
            where r.result_id = e.result_id
                and r.status = 'WAITING'
                and (reproq_find_runs.queue is null or r.queue_name = reproq_find_runs.queue)
            limit 1
        ) r
        order by e.result_id desc
        limit max_tasks;
    elsif reproq_find_runs.status = 'FAILED' then
        return query
        select r.result_id
        from (
            select r.*
            from task_runs r
            where r.failed_at is not null
            order by r.failed_at desc, r.result_id desc
            limit v_reach
        ) r
        where r.status = 'FAILED'
            and (reproq_find_runs.queue is null or r.queue_name = reproq_find_runs.queue)
        limit max_tasks;
    elsif reproq_find_runs.status in ('SUCCESSFUL', 'CANCELLED') then
        return query
        select r.result_id
        from (
            select r.*
            from task_runs r
            where r.finished_at is not null
            order by r.finished_at desc, r.result_id desc
            limit v_reach
        ) r
        where r.status = reproq_find_runs.status
            and (reproq_find_runs.queue is null or r.queue_name = reproq_find_runs.queue)
        limit max_tasks;
    else
        perform _reproq_refuse('status', 'must be a status of a run');
    end if;
end;
$$;

comment on function reproq_find_runs(text, text, boolean, integer) is
'Up to max_tasks runs in this status, of one queue or of all, without counting or scanning the records: live ones by their tickets (READY in the order of the line, SCHEDULED those due first, the others the newest), finished ones by their end, among the last 100000 to end. lease_lost tells RUNNING ones whose lease ran out (true) from the others (false). Errors: 22023.';
