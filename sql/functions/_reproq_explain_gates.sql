create or replace function _reproq_explain_gates(run task_runs, at_time timestamptz)
returns table (
    reason text,
    detail jsonb,
    until timestamptz,
    blocks boolean,
    not_before timestamptz
)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    -- Full gates, whether the run is parked there or would be, and the one where it is parked while
    -- others have been woken for the place that is free.
    return query
    select 'blocked', jsonb_build_object(
        'gate', g.gate, 'limit', g.room, 'holders', h.holders, 'parked', b.gate is not null
    ) || case when h.taken >= g.room then '{}' else jsonb_build_object('awake', array(
        select t.result_id
        from reproq_ready t
        where t.queue_name = run.queue_name
            and (t.lock_key = g.lock_key or t.concurrency_key = g.concurrency_key)
        order by t.claim_order, t.result_id
        limit 10
    )) end,
    -- Room is for one more when as many leases have ended as there are too many.
    case when h.taken >= g.room then h.ends[h.taken - g.room + 1] else at_time end,
    h.taken >= g.room,
    null::timestamptz
    from (
        values
        ('lock:' || run.lock_key, 1, run.lock_key, null),
        (
            case when run.concurrency_limit > 0 then 'key:' || run.concurrency_key end,
            run.concurrency_limit, null, run.concurrency_key
        )
    ) g (gate, room, lock_key, concurrency_key)
    left join reproq_blocked b
        on b.result_id = run.result_id and b.gate = g.gate and run.status = 'BLOCKED'
    cross join lateral (
        select
            count(*)::integer as taken,
            coalesce(jsonb_agg(jsonb_build_object(
                'result_id', l.result_id, 'worker_id', l.worker_id, 'leased_until', l.leased_until
            ) order by l.result_id), '[]') as holders,
            array_agg(l.leased_until order by l.leased_until) as ends
        from reproq_leases l
        where l.lock_key = g.lock_key or l.concurrency_key = g.concurrency_key
    ) h
    where g.gate is not null
        and run.finished_at is null
        and run.status <> 'RUNNING'
        and (h.taken >= g.room or b.gate is not null);
end;
$$;

comment on function _reproq_explain_gates(task_runs, timestamptz) is
'The lock and the concurrency key that keep a run from being started, as reasons for reproq_explain, with who holds them.';
