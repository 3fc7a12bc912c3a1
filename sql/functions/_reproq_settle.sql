create or replace function _reproq_settle(
    result_ids bigint[],
    outcomes text[],
    errors jsonb[] default null,
    return_values jsonb[] default null,
    retries boolean[] default null,
    delays interval[] default null,
    metadatas jsonb[] default null,
    logs_uris text[] default null,
    out settled_ids bigint[],
    out statuses text[]
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
    v_now timestamptz := _reproq_now();
    v_succeeded record;
    v_gates text[];
begin
    -- Most batches are nothing but successes, which is a shorter question.
    if 'complete' = all(outcomes) and coalesce(pg_column_size(return_values), 0) <= 131072 then
        v_succeeded := _reproq_succeed(
            _reproq_settle.result_ids, return_values, metadatas, logs_uris
        );
        settled_ids := v_succeeded.settled_ids;
        statuses := v_succeeded.statuses;
        v_gates := v_succeeded.gates;
    else
        with ending as materialized (
            select
                r.result_id, n.status,
                -- Only who ran or stood in line had a place at its gates, or was awake for one.
                r.status in ('RUNNING', 'READY') as awake,
                -- A release or a lost lease gives the attempt back and keeps the place in line.
                o.outcome in ('release', 'lose') as given_back,
                o.outcome = 'lose' and n.status = 'READY' as lost,
                case
                    when n.status <> 'RETRY' then r.run_after
                    when o.outcome = 'free' then r.run_after
                    else v_now + coalesce(
                        o.delay,
                        -- In seconds, since a doubled interval may leave its range before it is
                        -- capped.
                        make_interval(secs => least(
                            extract(epoch from r.backoff_cap)::double precision,
                            extract(epoch from r.backoff_base)::double precision
                            * power(2, least(r.attempts - 1, 40))
                        ))
                    )
                end as run_after,
                case
                    when n.status = 'SUCCESSFUL' then coalesce(o.return_value, 'null')
                end as return_json,
                case
                    when n.status <> 'SUCCESSFUL'
                        then _reproq_error_entry(
                            o.outcome, n.status, o.error, r.task_path, r.attempts, r.leased_by,
                            r.expires_at, v_now
                        )
                end as entry,
                o.metadata, o.logs_uri
            from unnest(
                _reproq_settle.result_ids, _reproq_settle.outcomes, _reproq_settle.errors,
                _reproq_settle.return_values, _reproq_settle.retries, _reproq_settle.delays,
                _reproq_settle.metadatas, _reproq_settle.logs_uris
            ) o (result_id, outcome, error, return_value, retry, delay, metadata, logs_uri)
            inner join task_runs r on r.result_id = any(array[o.result_id])
            cross join lateral (
                -- Where each outcome leads. The offset keeps it from being worked out at every
                -- mention.
                select case
                    when o.outcome = 'complete' then
                        case
                            when coalesce(pg_column_size(o.return_value), 0) > 131072
                                and _reproq_too_large(o.return_value) then 'FAILED'
                            else 'SUCCESSFUL'
                        end
                    when o.outcome = 'cancel' then 'CANCELLED'
                    when o.outcome in ('fail', 'release', 'lose') and r.cancel_requested
                        then 'CANCELLED'
                    when o.outcome = 'fail' and o.retry and r.attempts < r.max_attempts then 'RETRY'
                    when o.outcome = 'release' then 'READY'
                    when o.outcome = 'lose' and r.lease_losses < r.max_lease_losses then 'READY'
                    when o.outcome = 'free' then 'RETRY'
                    else 'FAILED'
                end as status
                offset 0
            ) n
            where r.finished_at is null
        ),

        settled as (
            update task_runs r
            set
                status = n.status,
                -- A run that another program inserted as RUNNING may have had none.
                attempts = greatest(r.attempts - e.given_back::integer, 0),
                lease_losses = r.lease_losses + e.lost::integer,
                leased_by = null,
                leased_until = null,
                run_after = e.run_after,
                claim_order = case
                    when e.status = 'RETRY' then _reproq_claim_order(
                        r.queue_name, r.priority, greatest(e.run_after, v_now)
                    )
                    else r.claim_order
                end,
                return_json = coalesce(e.return_json, r.return_json),
                errors_json = case
                    when e.entry is null then r.errors_json
                    else r.errors_json || e.entry
                end,
                last_error = coalesce(left(e.entry ->> 'message', 1024), r.last_error),
                metadata_json = coalesce(e.metadata, r.metadata_json),
                logs_uri = coalesce(e.logs_uri, r.logs_uri),
                finished_at = case when n.finished then v_now end,
                failed_at = case when n.status = 'FAILED' then v_now else r.failed_at end,
                delete_after = case when n.finished then v_now + r.result_ttl end,
                updated_at = v_now
            from ending e
            cross join lateral (
                select
                    case
                        when e.status <> 'RETRY' then e.status
                        when e.run_after > v_now then 'SCHEDULED'
                        else 'READY'
                    end as status,
                    e.status in ('SUCCESSFUL', 'FAILED', 'CANCELLED') as finished
            ) n
            where r.result_id = any(array[e.result_id])
            returning
                r.result_id, r.status, r.run_after,
                case when e.awake then r.lock_key end as lock_key,
                case when e.awake and r.concurrency_limit > 0 then r.concurrency_key end
                    as concurrency_key
        ),

        scheduled as (
            insert into reproq_scheduled (result_id, run_after)
            select s.result_id, s.run_after
            from settled s
            where s.status = 'SCHEDULED'
            on conflict (result_id) do update set run_after = excluded.run_after
        )

        select
            array_agg(s.result_id), array_agg(s.status),
            array_agg('lock:' || s.lock_key) filter (where s.lock_key is not null)
            || array_agg('key:' || s.concurrency_key)
            filter (where s.concurrency_key is not null)
        into settled_ids, statuses, v_gates
        from settled s;
    end if;

    if 'READY' = any(statuses) then
        perform _reproq_line_up(settled_ids);
    end if;
    if exists (select 1 from reproq_edges e where e.waits_for = any(settled_ids)) then
        perform _reproq_settle_dependants(settled_ids, statuses);
    end if;
    -- Gates last: their locks are held until the commit.
    if v_gates is not null then
        perform _reproq_wake_gates(v_gates, true);
    end if;
end;
$$;

comment on function _reproq_settle(
    bigint[], text[], jsonb[], jsonb[], boolean[], interval[], jsonb[], text[]
) is
'The one exit: take runs whose tickets the caller has taken to the state that their outcome (complete, fail, cancel, release, lose, expire, free) leads to, and do what follows from it.';
