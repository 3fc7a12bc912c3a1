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
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_wanted integer := least(max_tasks, 1000);
    v_first integer;
    v_due integer := v_wanted;
    v_woken integer;
    v_unparked integer;
    v_all_woken integer := 0;
    v_started bigint[] := '{}';
begin
    perform _reproq_check_claim(worker_id, queues, max_tasks, lease, wait);
    perform _reproq_require_read_committed();
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

    -- Queue by queue, each from its own index scan, beginning at another one each time.
    v_first := floor(random() * cardinality(queues))::integer;
    loop
        v_woken := _reproq_wake_due(v_due, interval '5 minutes');
        v_unparked := _reproq_wake_buckets(queues, v_wanted - cardinality(v_started));
        for v_place in 0..cardinality(queues) - 1 loop
            exit when cardinality(v_started) >= v_wanted;
            v_started := v_started || _reproq_claim_line(
                worker_id,
                queues[1 + (v_first + v_place) % cardinality(queues)],
                v_wanted - cardinality(v_started),
                lease,
                result_ids
            );
        end loop;
        exit when cardinality(v_started) >= v_wanted or v_woken < v_due and v_unparked = 0;

        -- Those woken may all be of other queues, blocked or too old, and hide who else is due.
        v_all_woken := v_all_woken + v_woken + v_unparked;
        v_due := 1000;
        if v_all_woken > 5000 then
            raise notice 'reproq: more may be claimed at once' using errcode = 'RQ100';
            exit;
        end if;
    end loop;

    if cardinality(v_started) < v_wanted then
        if wait > interval '0' then
            perform _reproq_wait_for(worker_id, queues, wait);
        end if;
    else
        perform _reproq_wait_for(worker_id, queues, interval '0');
    end if;

    return query
    select
        r.result_id, r.lease_no, r.attempts, r.task_path, r.queue_name, r.spec_json,
        r.timeout_seconds, r.max_attempts, r.priority, r.backend_alias, r.run_after, r.enqueued_at,
        r.started_at, r.last_attempted_at, r.leased_until, r.worker_ids, r.metadata_json,
        r.errors_json, r.traceparent
    from unnest(v_started) with ordinality s (result_id, place)
    inner join task_runs r on r.result_id = any(array[s.result_id])
    order by s.place;
end;
$$;

comment on function reproq_claim(text, text[], integer, interval, interval, bigint[]) is
'Start up to max_tasks (at most 1000) runs that may run now and return them, each under a lease of this length. Never waits for a lock. wait is for how long the caller would like a NOTIFY when it got fewer than it asked for. A NOTICE RQ100 means that more may be had at once. With result_ids only those of these runs start that are READY and whose queue is not paused, of whatever queue: queues is not looked at. Errors: 22023, 22004, 25000 outside READ COMMITTED.';
