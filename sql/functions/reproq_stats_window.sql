create or replace function reproq_stats_window(max_tasks integer default 100000)
returns interval
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    v_since timestamptz;
begin
    if max_tasks is null or max_tasks < 1 then
        perform _reproq_refuse('max_tasks', 'must be at least 1');
    end if;
    select r.finished_at into v_since
    from task_runs r
    where r.finished_at is not null
    order by r.finished_at desc, r.result_id desc
    offset reproq_stats_window.max_tasks
    limit 1;
    if not found then
        return '360000 days';
    end if;
    return coalesce(
        (
            select max(w.length)
            from unnest('{30 days,7 days,1 day,1 hour,10 minutes,1 minute,10 seconds}'::interval[])
                w (length)
            where _reproq_now() - w.length >= v_since
        ),
        '1 second'
    );
end;
$$;

comment on function reproq_stats_window(integer) is
'The longest time for which reproq_stats has at most about max_tasks finished runs to look at, so that it answers soon however many there are: 360000 days, which is all of them, or 30 days, 7 days, 1 day, 1 hour, 10 minutes, 1 minute, 10 seconds, or 1 second. Errors: 22023.';
