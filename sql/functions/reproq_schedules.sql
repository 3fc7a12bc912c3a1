create or replace function reproq_schedules()
returns table (
    name text,
    cron_expr text,
    time_zone text,
    task_path text,
    queue_name text,
    enabled boolean,
    last_run_at timestamptz,
    next_run_at timestamptz
)
language sql
volatile
set search_path from current
as $$
    select p.name, p.cron_expr, p.time_zone, p.task_path, p.queue_name, p.enabled, p.last_run_at,
        p.next_run_at
    from periodic_tasks p
    order by p.name;
$$;

comment on function reproq_schedules() is
'The schedules and when each fires next, without what they hand to their tasks.';
