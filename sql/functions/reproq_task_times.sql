create or replace function reproq_task_times(
    within interval default '1 hour',
    max_runs integer default 10000
)
returns table (
    task_path text,
    runs bigint,
    failed bigint,
    avg_run double precision,
    slow_run double precision,
    longest_run double precision,
    longest_id bigint
)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    if within is null or within not between interval '0' and interval '1000 years' then
        perform _reproq_refuse('within', 'must be between 0 and 1000 years');
    end if;
    if max_runs is null or max_runs not between 1 and 1000000 then
        perform _reproq_refuse('max_runs', 'must be between 1 and 1000000');
    end if;
    return query
    select
        f.task_path, count(*), count(*) filter (where f.status = 'FAILED'),
        avg(f.run), percentile_cont(0.95) within group (order by f.run), max(f.run),
        (array_agg(f.result_id order by f.run desc, f.result_id desc))[1]
    from (
        select
            r.result_id, r.task_path, r.status,
            extract(epoch from r.finished_at - r.last_attempted_at)::double precision as run
        from task_runs r
        where r.finished_at > _reproq_now() - reproq_task_times.within
        order by r.finished_at desc, r.result_id desc
        limit max_runs
    ) f
    -- What never started took no time.
    where f.run is not null
    group by f.task_path
    order by 5 desc, 1;
end;
$$;

comment on function reproq_task_times(interval, integer) is
'Each task of the last max_runs runs to finish within this time: how many there were and failed, the mean, the 95th percentile and the longest time of a last attempt, in seconds, and which run took that; the slowest task first. Errors: 22023.';
