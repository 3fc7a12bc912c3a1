create or replace function reproq_explain(result_id bigint)
returns table (reason text, detail jsonb, until timestamptz)
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
begin
    -- One statement, so that record, tickets and holders are of one instant.
    return query
    with run as (
        select r.*
        from task_runs r
        where r.result_id = reproq_explain.result_id
    )

    select 'finished', jsonb_build_object(
        'status', r.status, 'finished_at', r.finished_at, 'last_error', r.last_error
    ), null::timestamptz
    from run r
    where r.finished_at is not null
    union all
    select 'running', jsonb_build_object(
        'worker_id', l.worker_id, 'lease_no', l.lease_no, 'started_at', r.last_attempted_at,
        'cancel_requested', r.cancel_requested, 'lease_ran_out', l.leased_until <= v_now
    ), l.leased_until
    from run r
    inner join reproq_leases l on l.result_id = r.result_id
    where r.status = 'RUNNING'
    union all
    select case when r.attempts > 0 then 'backoff' else 'not_due' end, jsonb_build_object(
        'run_after', t.run_after, 'attempts', r.attempts, 'max_attempts', r.max_attempts,
        'last_error', r.last_error
    ), t.run_after
    from run r
    inner join reproq_scheduled t on t.result_id = r.result_id
    where r.status = 'SCHEDULED'
    union all
    select 'predecessor', jsonb_build_object('result_id', p.result_id, 'status', p.status), null
    from run r
    inner join reproq_edges e on e.result_id = r.result_id
    inner join task_runs p on p.result_id = e.waits_for
    where r.status = 'WAITING' and p.finished_at is null
    union all
    select 'blocked', jsonb_build_object(
        'gate', b.gate, 'limit', b.concurrency_limit, 'holders', h.holders
    ), h.until
    from run r
    inner join reproq_blocked b on b.result_id = r.result_id
    cross join lateral (
        select
            coalesce(jsonb_agg(jsonb_build_object(
                'result_id', l.result_id, 'worker_id', l.worker_id, 'leased_until', l.leased_until
            ) order by l.result_id), '[]') as holders,
            min(l.leased_until) as until
        from reproq_leases l
        where 'lock:' || l.lock_key = b.gate or 'key:' || l.concurrency_key = b.gate
    ) h
    where r.status = 'BLOCKED'
    union all
    select 'queue_paused', jsonb_build_object(
        'queue_name', c.queue_name, 'paused_at', c.paused_at, 'reason', c.reason
    ), null
    from run r
    inner join reproq_queue_controls c on c.queue_name = r.queue_name
    where c.paused and r.finished_at is null and r.status <> 'RUNNING'
    union all
    select 'no_worker', jsonb_build_object('queue_name', r.queue_name), null
    from run r
    where r.finished_at is null and r.status <> 'RUNNING' and not exists (
        select 1
        from reproq_workers w
        where w.queues ? r.queue_name and w.last_seen_at > v_now - interval '2 minutes'
    )
    union all
    select 'in_line', jsonb_build_object(
        'queue_name', t.queue_name, 'priority', r.priority,
        'ahead', (
            select count(*)
            from (
                select 1
                from reproq_ready a
                where a.queue_name = t.queue_name
                    and (a.claim_order, a.result_id) < (t.claim_order, t.result_id)
                limit 10000
            ) a
        )
    ), v_now
    from run r
    inner join reproq_ready t
        on t.queue_name = r.queue_name
        and t.claim_order = r.claim_order
        and t.result_id = r.result_id
    where r.status = 'READY'
    union all
    select 'expires', jsonb_build_object('expires_at', r.expires_at), r.expires_at
    from run r
    where r.finished_at is null and r.status <> 'RUNNING' and r.expires_at is not null
    union all
    -- Nothing will ever start it: reproq_violations() reports it, too.
    select 'no_ticket', jsonb_build_object('status', r.status), null
    from run r
    where r.finished_at is null and not case r.status
        when 'SCHEDULED' then exists (
            select 1 from reproq_scheduled t where t.result_id = r.result_id
        )
        when 'BLOCKED' then exists (select 1 from reproq_blocked t where t.result_id = r.result_id)
        when 'RUNNING' then exists (select 1 from reproq_leases t where t.result_id = r.result_id)
        when 'READY' then exists (
            select 1
            from reproq_ready t
            where t.queue_name = r.queue_name
                and t.claim_order = r.claim_order
                and t.result_id = r.result_id
        )
        else exists (
            select 1
            from reproq_edges e inner join task_runs p on p.result_id = e.waits_for
            where e.result_id = r.result_id and p.finished_at is null
        )
    end;

    if not found then
        perform _reproq_refuse_unknown(reproq_explain.result_id);
    end if;
end;
$$;

comment on function reproq_explain(bigint) is
'Every reason why a run is not running just now (finished, running, not_due, backoff, predecessor, blocked, queue_paused, no_worker, in_line, expires, no_ticket), with details and the time that bounds it. ahead counts at most 10000. Errors: RQ002 no such run.';
