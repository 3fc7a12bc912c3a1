-- Chains and chords as edges. Those of finished runs, too: a retry makes dependants wait again, and
-- a dependant reads the results of its predecessors.
do $workflows$
begin
    if current_setting('reproq.adopting', true) is distinct from 'on' then
        return;
    end if;

    -- Some workflows have no row of their own. A callback is then the one member that waits and has
    -- no parent.
    insert into reproq_workflows (workflow_id, expected_count, callback_result_id, created_at)
    select
        m.workflow_id, m.members - (m.callbacks = 1)::integer,
        case when m.callbacks = 1 then m.callback end, m.created_at
    from (
        select
            r.workflow_id, count(*)::integer as members, min(r.created_at) as created_at,
            count(*) filter (where r.status = 'WAITING' and r.parent_id is null) as callbacks,
            min(r.result_id) filter (where r.status = 'WAITING' and r.parent_id is null) as callback
        from task_runs r
        where r.workflow_id is not null
        group by r.workflow_id
    ) m
    on conflict do nothing;
    update task_runs r
    set workflow_id = w.workflow_id
    from reproq_workflows w
    where r.result_id = w.callback_result_id and r.workflow_id is null;

    -- A workflow is kept as long as one of its runs is, and has no more than it says.
    delete from reproq_workflows w
    where not exists (select from task_runs r where r.workflow_id = w.workflow_id);
    update reproq_workflows w
    set expected_count = m.members
    from (
        select r.workflow_id, count(*)::integer as members
        from task_runs r
        join reproq_workflows o on o.workflow_id = r.workflow_id
        where r.result_id is distinct from o.callback_result_id
        group by r.workflow_id
    ) m
    where w.workflow_id = m.workflow_id and w.expected_count < m.members;

    -- What was started before its predecessor had succeeded does not wait for it.
    insert into reproq_edges (result_id, waits_for)
    select r.result_id, p.result_id
    from task_runs r
    join task_runs p on p.result_id = r.parent_id
    where r.parent_id <> r.result_id
        and (r.status = 'WAITING' or r.finished_at is not null or p.status = 'SUCCESSFUL');

    -- A callback waits for all other members, except for those that come after it.
    with recursive after (callback, result_id) as (
        select w.callback_result_id, r.result_id
        from reproq_workflows w
        join task_runs r on r.parent_id = w.callback_result_id
        union
        select a.callback, r.result_id
        from after a
        join task_runs r on r.parent_id = a.result_id
    )

    insert into reproq_edges (result_id, waits_for)
    select c.result_id, m.result_id
    from reproq_workflows w
    join task_runs c on c.result_id = w.callback_result_id
    join task_runs m on m.workflow_id = w.workflow_id and m.result_id <> c.result_id
    where (c.status = 'WAITING' or c.finished_at is not null or m.status = 'SUCCESSFUL')
        and not exists (
            select from after a where a.callback = c.result_id and a.result_id = m.result_id
        )
    on conflict do nothing;

    update task_runs r
    set wait_count = e.edges
    from (
        select e.result_id, count(*)::integer as edges from reproq_edges e group by e.result_id
    ) e
    where r.result_id = e.result_id and r.status = 'WAITING' and r.wait_count <> e.edges;
end
$workflows$;
