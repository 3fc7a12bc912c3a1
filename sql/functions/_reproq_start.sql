create or replace function _reproq_start(
    worker_id text,
    tickets reproq_ready[],
    places integer[],
    lease interval
)
returns bigint[]
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
declare
    v_now timestamptz := _reproq_now();
    v_started bigint[];
begin
    -- A record that a user has locked stays behind with its ticket (a foreign key that points at it
    -- locks less than that); one that does not say READY has no business in the line.
    with run as materialized (
        select
            r.result_id, t.ring, t.claim_order, t.lock_key, t.concurrency_key, t.concurrency_limit,
            t.place
        from unnest(tickets, places) t (
            ring, concurrency_limit, claim_order, result_id, queue_name, lock_key, concurrency_key,
            place
        )
        inner join task_runs r on r.result_id = any(array[t.result_id])
        where r.status = 'READY' and (r.expires_at is null or r.expires_at > v_now)
        for no key update of r skip locked
    ),

    started as (
        update task_runs r
        set
            status = 'RUNNING',
            attempts = r.attempts + 1,
            lease_no = r.lease_no + 1,
            leased_by = _reproq_start.worker_id,
            leased_until = v_now + lease,
            worker_ids = r.worker_ids || to_jsonb(_reproq_start.worker_id),
            started_at = coalesce(r.started_at, v_now),
            last_attempted_at = v_now,
            updated_at = v_now
        from run
        where r.result_id = any(array[run.result_id]) and r.status = 'READY'
        returning
            r.result_id, r.lease_no, r.queue_name, run.ring, run.claim_order, run.lock_key,
            run.concurrency_key, run.concurrency_limit, run.place
    ),

    taken as (
        delete from reproq_ready d
        using started s
        where d.ring = s.ring
            and d.queue_name = any(array[s.queue_name])
            and d.claim_order = s.claim_order
            and d.result_id = s.result_id
    ),

    leased as (
        insert into reproq_leases (
            result_id, lease_no, worker_id, leased_until, lease_length,
            lock_key, concurrency_key, slot, concurrency_limit
        )
        select
            s.result_id, s.lease_no, _reproq_start.worker_id, v_now + lease, lease,
            s.lock_key, s.concurrency_key, s.place, s.concurrency_limit
        from started s
        -- A lease without a RUNNING run is nobody's: it must not stop the line.
        on conflict (result_id) do update set
            lease_no = excluded.lease_no,
            worker_id = excluded.worker_id,
            leased_until = excluded.leased_until,
            lease_length = excluded.lease_length,
            lock_key = excluded.lock_key,
            concurrency_key = excluded.concurrency_key,
            slot = excluded.slot,
            concurrency_limit = excluded.concurrency_limit
    )

    select array_agg(s.result_id order by s.claim_order, s.result_id)
    into v_started
    from started s;
    return coalesce(v_started, '{}');
end;
$$;

comment on function _reproq_start(text, reproq_ready[], integer[], interval) is
'Turn READY runs whose tickets the caller has locked into RUNNING ones under a lease; the ids of those that could be. places are their slots.';
