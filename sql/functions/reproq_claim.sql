create or replace function reproq_claim(
    worker_id text,
    queues text[] default '{default}',
    max_tasks integer default 1,
    lease interval default '5 minutes',
    wait interval default '0',
    result_ids bigint[] default null
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
declare
    v_now timestamptz := _reproq_now();
    v_missing integer;
    v_first integer;
    v_queue text;
    v_due integer;
    v_is_due boolean;
    v_is_parked boolean;
    v_woken integer;
    v_unparked integer;
    v_all_woken integer := 0;
    v_is_plain boolean;
    v_head_is_plain boolean;
    v_count integer;
    v_started bigint[];
    v_gated bigint[] := '{}';
begin
    v_missing := case
        when _reproq_check_claim(worker_id, queues, max_tasks, lease, wait)
            and _reproq_require_read_committed()
            then least(max_tasks, 1000)
    end;
    v_due := v_missing;
    if result_ids is not null then
        if cardinality(result_ids) > 10000 then
            perform _reproq_refuse('result_ids', 'must be at most 10000 ids');
        end if;
        queues := array(
            select distinct r.queue_name
            from unnest(reproq_claim.result_ids) i (result_id)
            inner join task_runs r on r.result_id = any(array[i.result_id])
            order by r.queue_name
        );
    end if;

    -- Beginning at another queue each time.
    if cardinality(queues) > 1 then
        v_first := floor(random() * cardinality(queues))::integer;
        queues := queues[v_first + 1:] || queues[:v_first];
    end if;
    loop
        -- Is there any? To begin a statement that moves runs costs much more than to look.
        select
            exists (
                select 1
                from reproq_scheduled s
                where s.run_after <= v_now and s.run_after > v_now - interval '5 minutes'
            ),
            exists (select 1 from reproq_blocked b where b.gate >= 'rate:' and b.gate < 'rate;')
        into v_is_due, v_is_parked;
        v_woken := case when v_is_due then _reproq_wake_due(v_due, interval '5 minutes') else 0 end;
        v_unparked := case
            when v_is_parked then _reproq_wake_buckets(queues, v_missing) else 0
        end;

        v_is_plain := result_ids is null;
        while v_missing > 0 loop
            -- The first in line whom nobody else is taking. Most have no gate, and then all queues
            -- are claimed from at once.
            v_head_is_plain := (
                select
                    l.lock_key is null
                    and l.concurrency_key is null
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
                        where b.key like 'task:%' and b.tokens_per_second > 0 and b.burst_size > 0
                    )
                from (select unnest(queues) as queue_name) q
                cross join lateral (
                    select t.lock_key, t.concurrency_key
                    from reproq_ready t
                    where t.queue_name = q.queue_name
                    order by t.claim_order, t.result_id
                    limit 1
                    for update skip locked
                ) l
                limit 1
            );
            exit when v_head_is_plain is null;
            if v_is_plain and v_head_is_plain then
                return query
                select p.* from _reproq_claim_plain(worker_id, queues, v_missing, lease) p;
                get diagnostics v_count = row_count;
                v_missing := v_missing - v_count;
                v_is_plain := v_count > 0;
            else
                foreach v_queue in array queues loop
                    exit when v_missing = 0;
                    v_started := _reproq_claim_line(
                        worker_id, v_queue, v_missing, lease, result_ids
                    );
                    v_missing := v_missing - cardinality(v_started);
                    v_gated := v_gated || v_started;
                end loop;
                exit;
            end if;
        end loop;
        exit when v_missing = 0 or v_woken < v_due and v_unparked = 0;

        -- Those woken may all be of other queues, blocked or too old, and hide who else is due.
        v_all_woken := v_all_woken + v_woken + v_unparked;
        v_due := 1000;
        if v_all_woken > 5000 then
            raise notice 'reproq: more may be claimed at once' using errcode = 'RQ100';
            exit;
        end if;
    end loop;

    if v_missing > 0 then
        if wait > interval '0' then
            perform _reproq_wait_for(worker_id, queues, wait);
        end if;
    -- Who waits does so in all its queues, so one of them tells.
    elsif exists (
        select 1
        from reproq_waiters w
        where w.queue_name = queues[1]
            and w.worker_id = reproq_claim.worker_id
            and w.waiting_until > v_now
    ) then
        perform _reproq_wait_for(worker_id, queues, interval '0');
    end if;

    if v_gated <> '{}' then
        return query
        select
            r.result_id, r.lease_no, r.attempts, r.task_path, r.queue_name, r.spec_json,
            r.timeout_seconds, r.max_attempts, r.priority, r.backend_alias, r.run_after,
            r.enqueued_at, r.started_at, r.last_attempted_at, r.leased_until, r.worker_ids,
            r.metadata_json, r.errors_json, r.traceparent
        from unnest(v_gated) with ordinality s (result_id, place)
        inner join task_runs r on r.result_id = any(array[s.result_id])
        order by s.place;
    end if;
end;
$$;

comment on function reproq_claim(text, text[], integer, interval, interval, bigint[]) is
'Start up to max_tasks (at most 1000) runs that may run now and return them, each under a lease of this length. Never waits for a lock. wait is for how long the caller would like a NOTIFY when it got fewer than it asked for. A NOTICE RQ100 means that more may be had at once. With result_ids only those of these runs start that are READY and whose queue is not paused, of whatever queue: queues is not looked at. Errors: 22023, 22004, 25000 outside READ COMMITTED.';
