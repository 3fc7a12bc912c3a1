create or replace function reproq_heartbeat(
    worker_id text,
    result_ids bigint[],
    lease_nos bigint[],
    lease interval default '5 minutes'
)
returns table (result_id bigint, lease_no bigint, verdict text)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
begin
    perform _reproq_check_lease(lease);
    if cardinality(result_ids) is distinct from cardinality(lease_nos) then
        perform _reproq_refuse('lease_nos', 'must be as long as result_ids');
    end if;

    -- A lease that somebody is just now ending needs no renewal, and must not be waited for. One
    -- whose metadata are being saved does, however long that transaction stays open.
    update reproq_leases l
    set leased_until = v_now + lease, lease_length = lease
    from (
        select h.result_id
        from unnest(result_ids, lease_nos) i (result_id, lease_no)
        inner join reproq_leases h
            on h.result_id = any(array[i.result_id]) and h.lease_no = i.lease_no
        for no key update of h skip locked
    ) held
    where l.result_id = any(array[held.result_id]);

    update reproq_workers w
    set last_seen_at = v_now
    where w.worker_id = reproq_heartbeat.worker_id;

    return query
    select
        i.result_id, i.lease_no,
        case
            -- Completed by the task's own transaction, and its worker has not heard of it yet.
            when l.result_id is null and r.status = 'SUCCESSFUL' and r.lease_no = i.lease_no
                then 'done'
            when l.result_id is null then 'lost'
            when r.cancel_requested then 'cancel'
            else 'held'
        end
    from unnest(result_ids, lease_nos) with ordinality i (result_id, lease_no, place)
    left join reproq_leases l on l.result_id = any(array[i.result_id]) and l.lease_no = i.lease_no
    left join task_runs r on r.result_id = any(array[i.result_id])
    order by i.place;
end;
$$;

comment on function reproq_heartbeat(text, bigint[], bigint[], interval) is
'Renew leases and say how each stands: held, cancel (held, but its cancellation is requested), done (completed under this lease) or lost (stop working on it). Errors: 22023.';
