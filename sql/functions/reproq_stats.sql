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
    oldest_ready_at timestamptz,
    paused boolean,
    workers bigint,
    retrying bigint,
    next_due_at timestamptz,
    blocked_at_lock bigint,
    blocked_at_key bigint,
    blocked_at_rate bigint,
    leases_lost bigint,
    avg_wait double precision,
    slow_wait double precision,
    avg_run double precision,
    slow_run double precision
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
    -- Truncation is no matter of snapshots: the line must be locked before the snapshot is taken.
    lock table reproq_ready in access share mode;
    -- Live runs are counted by their tickets, finished ones by when they finished.
    return query
    with scheduled as (
        select
            r.queue_name, count(*) as runs, min(t.run_after) as next_due_at,
            count(*) filter (where r.attempts > 0) as retrying
        from reproq_scheduled t inner join task_runs r on r.result_id = any(array[t.result_id])
        group by r.queue_name
    ),

    waiting as (
        select * from _reproq_count_waiting()
    ),

    blocked as (
        select
            t.queue_name, count(*) as runs,
            count(*) filter (where t.gate like 'lock:%') as at_lock,
            count(*) filter (where t.gate like 'key:%') as at_key,
            count(*) filter (where t.gate like 'rate:%') as at_rate
        from reproq_blocked t
        group by t.queue_name
    ),

    ready as (
        select t.queue_name, count(*) as runs, min(r.enqueued_at) as oldest
        from reproq_ready t inner join task_runs r on r.result_id = any(array[t.result_id])
        group by t.queue_name
    ),

    running as (
        select
            r.queue_name, count(*) as runs,
            count(*) filter (where t.leased_until <= v_now) as lost
        from reproq_leases t inner join task_runs r on r.result_id = any(array[t.result_id])
        group by r.queue_name
    ),

    finished as (
        select * from _reproq_count_finished(v_now - finished_within)
    ),

    paused as (
        select c.queue_name from reproq_queue_controls c where c.paused
    ),

    served as (
        select q.queue_name, count(*) as workers
        from reproq_workers w
        cross join lateral jsonb_array_elements_text(w.queues) q (queue_name)
        where w.last_seen_at > v_now - interval '2 minutes'
        group by q.queue_name
    ),

    queue as (
        select s.queue_name from scheduled s
        union select w.queue_name from waiting w
        union select b.queue_name from blocked b
        union select r.queue_name from ready r
        union select g.queue_name from running g
        union select f.queue_name from finished f
        union select p.queue_name from paused p
        union select v.queue_name from served v
    )

    select
        q.queue_name, coalesce(s.runs, 0), coalesce(w.runs, 0), coalesce(b.runs, 0),
        coalesce(r.runs, 0), coalesce(g.runs, 0), coalesce(f.successful, 0), coalesce(f.failed, 0),
        coalesce(f.cancelled, 0), r.oldest, p.queue_name is not null, coalesce(v.workers, 0),
        coalesce(s.retrying, 0), s.next_due_at, coalesce(b.at_lock, 0), coalesce(b.at_key, 0),
        coalesce(b.at_rate, 0), coalesce(g.lost, 0), f.avg_wait, f.slow_wait, f.avg_run, f.slow_run
    from queue q
    left join scheduled s on s.queue_name = q.queue_name
    left join waiting w on w.queue_name = q.queue_name
    left join blocked b on b.queue_name = q.queue_name
    left join ready r on r.queue_name = q.queue_name
    left join running g on g.queue_name = q.queue_name
    left join finished f on f.queue_name = q.queue_name
    left join paused p on p.queue_name = q.queue_name
    left join served v on v.queue_name = q.queue_name
    order by q.queue_name;
end;
$$;

comment on function reproq_stats(interval) is
'Every queue that has runs, is paused or has a live worker: how many runs it holds in every live state (retrying: of the scheduled ones, after a failure; blocked_at_*: of the blocked ones, where; leases_lost: of the running ones, whose lease ran out), how many finished within this time, and the mean and the 95th percentile, in seconds, of their wait for a first start and of their last attempt; in one snapshot. Errors: 22023.';
