create or replace function reproq_explain(result_id bigint)
returns table (
    reason text,
    detail jsonb,
    until timestamptz,
    blocks boolean,
    earliest timestamptz
)
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
begin
    -- Truncation is no matter of snapshots: the line must be locked before the snapshot is taken.
    lock table reproq_ready in access share mode;
    -- One statement, so that record, tickets and holders are of one instant.
    return query
    with found_here as (
        select f.*
        from task_runs r
        cross join lateral (
            select p.* from _reproq_explain_place(r, v_now) p
            union all select g.* from _reproq_explain_gates(r, v_now) g
            union all select b.* from _reproq_explain_buckets(r, v_now) b
            union all
            select 'queue_paused', jsonb_build_object(
                'queue_name', c.queue_name, 'paused_at', c.paused_at, 'reason', c.reason
            ), null, true, null
            from reproq_queue_controls c
            where c.queue_name = r.queue_name and c.paused
                and r.finished_at is null and r.status <> 'RUNNING'
            union all
            select 'no_worker', jsonb_build_object(
                'queue_name', r.queue_name, 'last_seen_at', max(w.last_seen_at)
            ), null, false, null
            from reproq_workers w
            where w.queues ? r.queue_name and r.finished_at is null and r.status <> 'RUNNING'
            having coalesce(max(w.last_seen_at) <= v_now - interval '2 minutes', true)
                and r.finished_at is null and r.status <> 'RUNNING'
            union all
            select 'expires', jsonb_build_object('expires_at', r.expires_at), r.expires_at,
                r.expires_at <= v_now, null
            where r.finished_at is null and r.status <> 'RUNNING' and r.expires_at is not null
        ) f
        where r.result_id = reproq_explain.result_id
    )

    select
        f.reason, f.detail, f.until, f.blocks,
        nullif(
            case
                when min(f.until) filter (where f.reason = 'expires') over ()
                    <= greatest(v_now, max(f.not_before) over ())
                    then 'infinity'
                else greatest(v_now, max(f.not_before) over ())
            end,
            'infinity'
        )
    from found_here f
    order by f.blocks desc, f.reason, f.until, f.detail;

    if not found then
        perform _reproq_refuse_unknown(reproq_explain.result_id);
    end if;
end;
$$;

comment on function reproq_explain(bigint) is
'Every reason why a run is not running just now (finished, running, not_due, backoff, due, predecessor, blocked, queue_paused, no_worker, in_line, expires, no_ticket), with details and the time that bounds it. blocks says that a claim passes it over for this reason; where no row says so, a claim that serves its queue starts it when it meets it. earliest, the same in every row, is the time before which it cannot start, whatever becomes of what has no known time; null when it never will as things are. ahead counts at most 10000. Errors: RQ002 no such run.';
