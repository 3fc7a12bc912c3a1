-- Gives every live run its place and its ticket, as a repair would, and settles what the old
-- workers left half done.
do $tickets$
declare
    v_ids bigint[];
    v_statuses text[];
    v_id bigint;
begin
    if current_setting('reproq.adopting', true) is distinct from 'on' then
        return;
    end if;
    perform set_config('reproq.adopting', '', true);

    update task_runs r
    set claim_order = _reproq_claim_order(
        r.queue_name, r.priority, greatest(r.enqueued_at, r.run_after)
    )
    where r.status in ('READY', 'RUNNING');
    -- More runs of a key than its limit go on: each has a slot, and none starts until they are
    -- fewer. Of two with one lock key the first holds it.
    perform reproq_repair();

    -- Whose predecessors have all succeeded starts; whose have failed, fails.
    select array_agg(p.result_id order by p.result_id), array_agg(p.status order by p.result_id)
    into v_ids, v_statuses
    from task_runs p
    where p.finished_at is not null and p.result_id in (
        select e.waits_for
        from reproq_edges e
        join task_runs r on r.result_id = e.result_id
        where r.status = 'WAITING'
    );
    perform _reproq_settle_dependants(v_ids, v_statuses);

    -- Nobody can tell how the run ended that these waited for.
    v_ids := array(
        select r.result_id
        from task_runs r
        where r.status = 'WAITING'
            and not exists (select from reproq_edges e where e.result_id = r.result_id)
        order by r.result_id
    );
    perform _reproq_settle(v_ids, array_fill('fail'::text, array[cardinality(v_ids)]), array_fill(
        '{"kind": "workflow_failed",
        "message": "workflow_failed: the run that it waited for was deleted"}'::jsonb,
        array[cardinality(v_ids)]
    ));

    for v_id in
        select r.result_id
        from task_runs r
        where r.finished_at is null and r.cancel_requested and r.status <> 'RUNNING'
        order by r.result_id
    loop
        perform reproq_cancel(v_id);
    end loop;
end
$tickets$;
