create or replace function _reproq_start_anew(result_ids bigint[])
returns table (result_id bigint, status text)
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
    v_behind bigint[] := _reproq_failed_because_of(_reproq_start_anew.result_ids);
    v_again bigint[];
    v_ready bigint[];
begin
    -- Whoever stands behind another run that has ended badly stays as it is, and so does whoever
    -- stands behind that one.
    with recursive stuck (result_id) as (
        select b.result_id
        from unnest(v_behind) b (result_id)
        where exists (
            select 1
            from reproq_edges e
            inner join task_runs p on p.result_id = any(array[e.waits_for])
            where e.result_id = any(array[b.result_id])
                and p.status in ('FAILED', 'CANCELLED')
                and p.result_id <> all(_reproq_start_anew.result_ids || v_behind)
        )
        union
        select e.result_id
        from stuck s
        inner join reproq_edges e on e.waits_for = any(array[s.result_id])
        where e.result_id = any(v_behind)
    )

    select array_agg(a.result_id) into v_again
    from unnest(_reproq_start_anew.result_ids || v_behind) a (result_id)
    where not exists (select 1 from stuck s where s.result_id = a.result_id);

    -- A new start: attempts, lost leases and the time to expire count anew, the lease number and
    -- the history of errors go on.
    with anew as (
        update task_runs r
        set
            status = case
                when exists (
                    select 1
                    from reproq_edges e
                    inner join task_runs p on p.result_id = any(array[e.waits_for])
                    where e.result_id = any(array[r.result_id])
                        and (p.status <> 'SUCCESSFUL' or p.result_id = any(v_again))
                ) then 'WAITING'
                else 'READY'
            end,
            run_after = null,
            claim_order = _reproq_claim_order(r.queue_name, r.priority, v_now),
            expires_at = v_now + (r.expires_at - r.enqueued_at),
            enqueued_at = v_now,
            started_at = null,
            attempts = 0,
            lease_losses = 0,
            cancel_requested = false,
            return_json = null,
            last_error = null,
            finished_at = null,
            failed_at = null,
            delete_after = null,
            updated_at = v_now
        where r.result_id = any(v_again)
        returning r.result_id, r.status
    )

    select array_agg(a.result_id) filter (where a.status = 'READY') into v_ready
    from anew a;
    if v_ready is not null then
        perform _reproq_line_up(v_ready);
    end if;

    return query
    select r.result_id, r.status
    from task_runs r
    where r.result_id = any(v_again)
    order by r.result_id;
end;
$$;

comment on function _reproq_start_anew(bigint[]) is
'Give finished runs, locked by _reproq_lock_for_retry, a new start, and let those wait again that failed because of them and stand behind no other broken run; what each has become.';
