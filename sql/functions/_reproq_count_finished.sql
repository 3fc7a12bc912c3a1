create or replace function _reproq_count_finished(since timestamptz)
returns table (
    queue_name text,
    successful bigint,
    failed bigint,
    cancelled bigint,
    avg_wait double precision,
    slow_wait double precision,
    avg_run double precision,
    slow_run double precision
)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select
        f.queue_name,
        count(*) filter (where f.status = 'SUCCESSFUL'),
        count(*) filter (where f.status = 'FAILED'),
        count(*) filter (where f.status = 'CANCELLED'),
        avg(f.wait), percentile_cont(0.95) within group (order by f.wait),
        avg(f.run), percentile_cont(0.95) within group (order by f.run)
    from (
        select
            r.queue_name, r.status,
            extract(epoch from r.started_at - greatest(
                r.enqueued_at,
                -- (A retry has a later one.)
                case when r.run_after <= r.started_at then r.run_after end
            ))::double precision as wait,
            extract(epoch from r.finished_at - r.last_attempted_at)::double precision as run
        from task_runs r
        where r.finished_at > since
    ) f
    group by f.queue_name;
end;
$$;

comment on function _reproq_count_finished(timestamptz) is
'How many runs of each queue finished since then, and the mean and the 95th percentile, in seconds, of how long they waited for their first start and of how long their last attempt took.';
