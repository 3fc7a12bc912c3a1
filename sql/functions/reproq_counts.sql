create or replace function reproq_counts(max_tasks integer default 100000)
returns table (
    queue_name text,
    status text,
    runs bigint,
    finished_within interval
)
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
    v_since timestamptz;
    v_within interval;
begin
    if max_tasks is null or max_tasks < 1 then
        perform _reproq_refuse('max_tasks', 'must be at least 1');
    end if;
    -- An index has the ends in their order: the first end that would be too many is soon found.
    select r.finished_at into v_since
    from task_runs r
    where r.finished_at is not null
    order by r.finished_at desc, r.result_id desc
    offset max_tasks
    limit 1;
    if found then
        select coalesce(max(w.length), '1 second') into v_within
        from unnest('{30 days,7 days,1 day,1 hour,10 minutes,1 minute,10 seconds}'::interval[])
            w (length)
        where v_now - w.length >= v_since;
    end if;

    -- Truncation is no matter of snapshots: the line must be locked before the snapshot is taken.
    lock table reproq_ready in access share mode;
    return query
    select c.queue_name, c.status, c.runs, v_within
    from (
        select t.queue_name, 'READY' as status, count(*) as runs
        from reproq_ready t
        group by t.queue_name
        union all
        select t.queue_name, 'BLOCKED', count(*) from reproq_blocked t group by t.queue_name
        union all
        select w.queue_name, 'WAITING', w.runs from _reproq_count_waiting() w
        union all
        select r.queue_name, 'SCHEDULED', count(*)
        from reproq_scheduled t inner join task_runs r on r.result_id = t.result_id
        group by r.queue_name
        union all
        select r.queue_name, 'RUNNING', count(*)
        from reproq_leases t inner join task_runs r on r.result_id = t.result_id
        group by r.queue_name
        union all
        select r.queue_name, r.status, count(*)
        from task_runs r
        where r.finished_at > coalesce(v_now - v_within, '-infinity')
        group by r.queue_name, r.status
    ) c
    order by c.queue_name, c.status;
end;
$$;

comment on function reproq_counts(integer) is
'How many runs of each queue are in each status, those above 0, in one snapshot and soon however many have finished: finished ones are counted within the longest time that holds at most about max_tasks of them, 30 days, 7 days, 1 day, 1 hour, 10 minutes, 1 minute, 10 seconds or 1 second (finished_within), or all of them where they are no more (null). Errors: 22023.';
