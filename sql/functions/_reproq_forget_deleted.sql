create or replace function _reproq_forget_deleted()
returns trigger
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_finished bigint[];
    v_live bigint[];
    v_all bigint[];
    v_gates text[];
begin
    select
        array_agg(g.result_id order by g.result_id),
        array_agg(g.result_id order by g.result_id) filter (where g.status = 'SUCCESSFUL'),
        array_agg(g.result_id order by g.result_id) filter (where g.finished_at is null),
        array_agg('lock:' || g.lock_key)
        filter (where g.finished_at is null and g.lock_key is not null)
        || array_agg('key:' || g.concurrency_key)
        filter (where g.finished_at is null and g.concurrency_key is not null)
    into v_all, v_finished, v_live, v_gates
    from gone g;
    if v_all is null then
        return null;
    end if;

    if v_live is not null then
        -- What they held is free now, and whoever waits for it must be seen.
        perform _reproq_require_read_committed();
        delete from reproq_scheduled t where t.result_id = any(v_live);
        delete from reproq_blocked t where t.result_id = any(v_live);
        delete from reproq_leases t where t.result_id = any(v_live);
        delete from reproq_ready t
        using gone g
        where t.queue_name = any(array[g.queue_name])
            and t.claim_order = g.claim_order
            and t.result_id = g.result_id;
    end if;
    delete from reproq_edges e where e.result_id = any(v_all);
    -- Whoever waits for a run that is gone and had not succeeded can never start.
    perform _reproq_settle_dependants(v_all, array(
        select case when a.result_id = any(v_finished) then 'SUCCESSFUL' else 'FAILED' end
        from unnest(v_all) with ordinality a (result_id, place)
        order by a.place
    ));
    delete from reproq_edges e where e.waits_for = any(v_all);
    delete from reproq_workflows w
    using (select distinct g.workflow_id from gone g) g
    where w.workflow_id = any(array[g.workflow_id])
        and not exists (
            select 1 from task_runs r where r.workflow_id = any(array[g.workflow_id])
        );
    if v_gates is not null then
        perform _reproq_wake_gates(v_gates, true);
    end if;
    return null;
end;
$$;

comment on function _reproq_forget_deleted() is
'Whoever deletes records takes their tickets, leases and edges along, and workflows of which none is left; dependants of an unfinished one fail. Errors: 25000 for a live run outside READ COMMITTED.';

create or replace trigger reproq_forget_deleted
after delete on task_runs
referencing old table as gone
for each statement execute function _reproq_forget_deleted();
