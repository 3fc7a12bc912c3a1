create or replace function _reproq_broken_schedules()
returns table (invariant text, subject text)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select 'I31 a slot that was fired is not the next one',
        format('schedule %s: %s', t.name, t.next_run_at)
    from periodic_tasks t
    where t.enabled and t.next_run_at = t.last_run_at;
end;
$$;

comment on function _reproq_broken_schedules() is
'What reproq_violations() reports of schedules.';
