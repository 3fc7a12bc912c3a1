create or replace function reproq_stats(finished_within interval default '1 day')
returns table (
    queue_name text,
    scheduled bigint,
    waiting bigint,
    blocked bigint,
    ready bigint,
    running bigint,
    successful bigint,
    failed bigint,
    cancelled bigint,
    oldest_ready_at timestamptz
)
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
begin
    if finished_within is null
        or finished_within not between interval '0' and interval '1000 years' then
        perform _reproq_refuse('finished_within', 'must be between 0 and 1000 years');
    end if;
    -- Live runs are counted by their tickets, finished ones by when they finished.
    return query
    with counted (queue_name, status, runs, oldest) as (
        select r.queue_name, 'SCHEDULED', count(*), null::timestamptz
        from reproq_scheduled t inner join task_runs r on r.result_id = t.result_id
        group by r.queue_name
        union all
        select r.queue_name, 'WAITING', count(*), null
        from (select distinct e.result_id from reproq_edges e) t
        inner join task_runs r on r.result_id = t.result_id
        where r.status = 'WAITING'
        group by r.queue_name
        union all
        select t.queue_name, 'BLOCKED', count(*), null
        from reproq_blocked t
        group by t.queue_name
        union all
        select t.queue_name, 'READY', count(*), min(r.enqueued_at)
        from reproq_ready t inner join task_runs r on r.result_id = t.result_id
        group by t.queue_name
        union all
        select r.queue_name, 'RUNNING', count(*), null
        from reproq_leases t inner join task_runs r on r.result_id = t.result_id
        group by r.queue_name
        union all
        select r.queue_name, r.status, count(*), null
        from task_runs r
        where r.finished_at > v_now - finished_within
        group by r.queue_name, r.status
    )

    select
        c.queue_name,
        coalesce(sum(c.runs) filter (where c.status = 'SCHEDULED'), 0)::bigint,
        coalesce(sum(c.runs) filter (where c.status = 'WAITING'), 0)::bigint,
        coalesce(sum(c.runs) filter (where c.status = 'BLOCKED'), 0)::bigint,
        coalesce(sum(c.runs) filter (where c.status = 'READY'), 0)::bigint,
        coalesce(sum(c.runs) filter (where c.status = 'RUNNING'), 0)::bigint,
        coalesce(sum(c.runs) filter (where c.status = 'SUCCESSFUL'), 0)::bigint,
        coalesce(sum(c.runs) filter (where c.status = 'FAILED'), 0)::bigint,
        coalesce(sum(c.runs) filter (where c.status = 'CANCELLED'), 0)::bigint,
        min(c.oldest)
    from counted c
    group by c.queue_name
    order by c.queue_name;
end;
$$;

comment on function reproq_stats(interval) is
'How many runs each queue holds in every live state and how many finished within this time, in one snapshot. Errors: 22023.';
