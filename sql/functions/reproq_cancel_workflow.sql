create or replace function reproq_cancel_workflow(workflow_id uuid)
returns table (result_id bigint, status text)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_id bigint;
    v_status text;
    v_round bigint[];
    v_seized bigint[] := '{}';
    v_running bigint[] := '{}';
    v_ending bigint[] := '{}';
    v_waiting bigint[];
begin
    perform _reproq_require_read_committed();

    -- Every ticket first, until nobody is left whose end could release a member that waits.
    loop
        v_round := array(
            select m.result_id
            from unnest(_reproq_members(
                reproq_cancel_workflow.workflow_id, '{SCHEDULED, BLOCKED, READY, RUNNING}'
            )) m (result_id)
            except
            select s.result_id
            from unnest(v_seized) s (result_id)
            order by 1
        );
        exit when v_round = '{}';
        foreach v_id in array v_round loop
            v_status := _reproq_seize_ticket(v_id);
            if v_status = 'RUNNING' then
                v_running := v_running || v_id;
            elsif v_status in ('SCHEDULED', 'BLOCKED', 'READY') then
                v_ending := v_ending || v_id;
            end if;
        end loop;
        v_seized := v_seized || v_round;
    end loop;

    v_waiting := _reproq_members(reproq_cancel_workflow.workflow_id, '{WAITING}');
    perform _reproq_lock_dependants(null, v_waiting);
    v_ending := v_ending || v_waiting;

    update task_runs r
    set cancel_requested = true, updated_at = _reproq_now()
    where r.result_id = any(v_running);
    perform pg_notify('reproq', 'cancel ' || n.result_id)
    from unnest(v_running) n (result_id);
    return query
    select n.result_id, 'RUNNING'
    from unnest(v_running) n (result_id)
    union all
    select u.result_id, u.status
    from _reproq_settle(v_ending, array_fill('cancel'::text, array[cardinality(v_ending)])) s
    cross join unnest(s.settled_ids, s.statuses) u (result_id, status)
    order by 1;
end;
$$;

comment on function reproq_cancel_workflow(uuid) is
'Cancel all runs of a workflow that are not finished: those that wait end as CANCELLED, the workers of RUNNING ones are asked to stop them; the status of each after it. Errors: RQ002 no such workflow, 25000.';
