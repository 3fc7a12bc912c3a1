create or replace function _reproq_claim_plain(
    worker_id text,
    queues text[],
    wanted integer,
    lease interval
)
returns table (
    result_id bigint,
    lease_no bigint,
    attempt integer,
    task_path text,
    queue_name text,
    spec_json jsonb,
    timeout_seconds integer,
    max_attempts integer,
    priority integer,
    backend_alias text,
    run_after timestamptz,
    enqueued_at timestamptz,
    started_at timestamptz,
    last_attempted_at timestamptz,
    leased_until timestamptz,
    worker_ids jsonb,
    metadata_json jsonb,
    errors_json jsonb,
    traceparent text
)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
begin
    return query
    with open_queue as materialized (
        -- Neither paused nor with a token bucket. (Taken apart in the select list, an array is read
        -- only as far as it is needed.)
        select q.queue_name
        from (select unnest(queues) as queue_name) q
        where not exists (
                select 1
                from reproq_queue_controls c
                where c.queue_name = any(array[q.queue_name]) and c.paused
            )
            and not exists (
                select 1
                from rate_limits b
                where b.key = any(array['global', 'queue:' || q.queue_name])
                    and b.tokens_per_second > 0
                    and b.burst_size > 0
            )
            and not exists (
                select 1
                from rate_limits b
                where b.key like 'task:%'
                    and b.tokens_per_second > 0
                    and b.burst_size > 0
            )
    ),

    -- The next tickets that nobody else is taking, queue by queue, each from its own index scan;
    -- with as many as are wanted, the queues behind are not looked at.
    head as materialized (
        select l.*
        from open_queue q
        cross join lateral (
            select
                t.ctid as ticket, t.ring, t.claim_order, t.result_id, t.lock_key,
                t.concurrency_key, t.concurrency_limit
            from reproq_ready t
            where t.queue_name = q.queue_name
            order by t.claim_order, t.result_id
            limit wanted
            for update skip locked
        ) l
        limit wanted
    ),

    -- A record that a user has locked stays behind with its ticket (a foreign key that points at it
    -- locks less than that); one that does not say READY has no business in the line.
    run as materialized (
        select
            r.result_id, h.ticket, h.ring, h.claim_order, h.concurrency_limit
        from head h
        inner join task_runs r on r.result_id = any(array[h.result_id])
        where r.status = 'READY'
            and (r.expires_at is null or r.expires_at > v_now)
            -- What stands in the way by mistake is cleared elsewhere,
            and not exists (
                select 1 from reproq_leases l where l.result_id = any(array[r.result_id])
            )
            -- and elsewhere the gates of a batch are asked.
            and not exists (
                select 1 from head g where g.lock_key is not null or g.concurrency_key is not null
            )
        for no key update of r skip locked
    ),

    started as (
        update task_runs r
        set
            status = 'RUNNING',
            attempts = r.attempts + 1,
            lease_no = r.lease_no + 1,
            leased_by = _reproq_claim_plain.worker_id,
            leased_until = v_now + lease,
            worker_ids = r.worker_ids || to_jsonb(_reproq_claim_plain.worker_id),
            started_at = coalesce(r.started_at, v_now),
            last_attempted_at = v_now,
            updated_at = v_now
        from run
        where r.result_id = any(array[run.result_id]) and r.status = 'READY'
        returning
            r.result_id, r.lease_no, r.attempts, r.task_path, r.queue_name, r.spec_json,
            r.timeout_seconds, r.max_attempts, r.priority, r.backend_alias, r.run_after,
            r.enqueued_at, r.started_at, r.last_attempted_at, r.leased_until, r.worker_ids,
            r.metadata_json, r.errors_json, r.traceparent,
            run.ticket, run.ring, run.claim_order, run.concurrency_limit
    ),

    -- (By its place: it is locked, and a ticket is never updated.)
    taken as (
        delete from reproq_ready d
        using started s
        where d.ring = s.ring and d.ctid = s.ticket
    ),

    leased as (
        insert into reproq_leases (
            result_id, lease_no, worker_id, leased_until, lease_length, concurrency_limit
        )
        select
            s.result_id, s.lease_no, _reproq_claim_plain.worker_id, v_now + lease, lease,
            s.concurrency_limit
        from started s
    )

    select
        s.result_id, s.lease_no, s.attempts, s.task_path, s.queue_name, s.spec_json,
        s.timeout_seconds, s.max_attempts, s.priority, s.backend_alias, s.run_after, s.enqueued_at,
        s.started_at, s.last_attempted_at, s.leased_until, s.worker_ids, s.metadata_json,
        s.errors_json, s.traceparent
    from started s
    order by s.claim_order, s.result_id;
end;
$$;

comment on function _reproq_claim_plain(text, text[], integer, interval) is
'Start up to wanted runs at the heads of those of these queues that are neither paused nor paid for by a token bucket, and return their rows as a claim does; none when one of these heads has a lock or a concurrency key.';
