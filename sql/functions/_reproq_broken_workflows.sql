create or replace function _reproq_broken_workflows()
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
    with recursive waiting as (
        select
            r.result_id, r.status,
            count(p.result_id) filter (where p.finished_at is null) as pending,
            min(p.result_id) filter (where p.status <> 'SUCCESSFUL') as unsuccessful,
            bool_or(p.status in ('FAILED', 'CANCELLED')) as broken
        from reproq_edges e
        inner join task_runs r on r.result_id = e.result_id
        left join task_runs p on p.result_id = e.waits_for
        where r.finished_at is null
        group by r.result_id, r.status
        union all
        select r.result_id, r.status, 0, null, null
        from task_runs r
        where r.status = 'WAITING'
            and not exists (select 1 from reproq_edges e where e.result_id = r.result_id)
    ),

    -- Who waits, in the end, for a run that does not, or should not.
    served (result_id) as (
        (
            select e.result_id
            from reproq_edges e inner join task_runs p on p.result_id = e.waits_for
            where p.finished_at is null and p.status <> 'WAITING'
            union all
            select w.result_id
            from waiting w
            where w.pending = 0 or w.broken
        )
        union
        select e.result_id
        from served s inner join reproq_edges e on e.waits_for = s.result_id
    )

    select 'I26 a run is released when all that it waits for have succeeded',
        format('run %s is %s, run %s has not succeeded', w.result_id, w.status, w.unsuccessful)
    from waiting w
    where w.status <> 'WAITING' and w.unsuccessful is not null
    union all
    select 'I27 a WAITING run waits for an unfinished one', format('run %s', w.result_id)
    from waiting w
    where w.status = 'WAITING' and (w.pending = 0 or w.broken)
    union all
    select 'I29 no run waits for itself', format('run %s waits in a circle', w.result_id)
    from waiting w
    where w.status = 'WAITING'
        and not exists (select 1 from served s where s.result_id = w.result_id)
    union all
    select 'I53 an edge belongs to two records',
        format('edge from run %s to run %s', e.result_id, e.waits_for)
    from reproq_edges e
    where not exists (select 1 from task_runs r where r.result_id = e.result_id)
        or not exists (select 1 from task_runs r where r.result_id = e.waits_for)
    union all
    -- (How many says nothing: pruning leaves fewer, another program may add one.)
    select 'I53 a workflow goes with its last run', format('workflow %s', w.workflow_id)
    from reproq_workflows w
    where not exists (select 1 from task_runs r where r.workflow_id = w.workflow_id);
end;
$$;

comment on function _reproq_broken_workflows() is
'What reproq_violations() reports of runs that wait for others: that each is released or ended when it must be, and can be.';
