create or replace function reproq_throughput(
    within interval default '1 hour',
    step interval default '1 minute'
)
returns table (starts_at timestamptz, finished bigint, failed bigint)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_origin constant timestamptz := '2000-01-01 00:00:00+00';
    v_last timestamptz;
    v_first timestamptz;
begin
    if step is null or step not between interval '1 second' and interval '28 days'
        or extract(month from step) <> 0 then
        perform _reproq_refuse('step', 'must be between 1 second and 28 days');
    end if;
    if within is null or within < step or within > step * 1000 then
        perform _reproq_refuse('within', 'must be between 1 and 1000 steps');
    end if;
    v_last := date_bin(step, _reproq_now(), v_origin);
    v_first := date_bin(step, _reproq_now() - within, v_origin) + step;
    -- Two index-only scans: no record is read, however many there are.
    return query
    select b.starts_at, coalesce(e.runs, 0), coalesce(f.runs, 0)
    from generate_series(v_first, v_last, step) b (starts_at)
    left join (
        select date_bin(step, r.finished_at, v_origin) as starts_at, count(*) as runs
        from task_runs r
        where r.finished_at >= v_first
        group by 1
    ) e on e.starts_at = b.starts_at
    left join (
        select date_bin(step, r.failed_at, v_origin) as starts_at, count(*) as runs
        from task_runs r
        where r.failed_at >= v_first
        group by 1
    ) f on f.starts_at = b.starts_at
    order by b.starts_at;
end;
$$;

comment on function reproq_throughput(interval, interval) is
'How many runs have finished, and how many of them are FAILED, in each step of time, the last one not over yet; counted in the indexes over their ends. Errors: 22023.';
