create or replace function reproq_finish(worker_id text, outcomes jsonb)
returns table (
    result_id bigint,
    lease_no bigint,
    accepted boolean,
    status text,
    run_after timestamptz
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
#variable_conflict use_column
declare
    v_ids bigint[];
    v_lease_nos bigint[];
    v_outcomes text[];
    v_errors jsonb[];
    v_returns jsonb[];
    v_retries boolean[];
    v_delays interval[];
    v_metadatas jsonb[];
    v_logs_uris text[];
    v_sent integer;
    v_settled record;
begin
    v_sent := case
        when _reproq_require_read_committed()
            and _reproq_check_outcomes(reproq_finish.worker_id, outcomes)
            then jsonb_array_length(outcomes)
    end;

    -- The leases first, by id: whoever deletes a lease with the current number has the run. Of two
    -- outcomes for one lease the first counts.
    with freed as (
        delete from reproq_leases l
        using (
            select distinct on (p.result_id, p.lease_no)
                p.result_id, p.lease_no, p.return_json, p.error, p.retry, p.retry_in, p.metadata,
                p.logs_uri,
                case
                    when p.outcome = 'fail' and p.error ->> 'kind' = 'cancelled' then 'cancel'
                    else p.outcome
                end as outcome
            from rows from (
                jsonb_to_recordset(outcomes) as (
                    result_id bigint, lease_no bigint, outcome text, return_json jsonb,
                    error jsonb, retry boolean, retry_in interval, metadata jsonb,
                    logs_uri text
                )
            ) with ordinality p (
                result_id, lease_no, outcome, return_json, error, retry, retry_in, metadata,
                logs_uri, place
            )
            where p.outcome <> 'recorded'
            order by p.result_id, p.lease_no, p.place
        ) o
        where l.result_id = any(array[o.result_id]) and l.lease_no = o.lease_no
        returning o.*
    )

    select
        array_agg(f.result_id), array_agg(f.lease_no), array_agg(f.outcome), array_agg(f.error),
        array_agg(f.return_json), array_agg(coalesce(f.retry, true)), array_agg(f.retry_in),
        array_agg(f.metadata), array_agg(f.logs_uri)
    into
        v_ids, v_lease_nos, v_outcomes, v_errors, v_returns, v_retries, v_delays, v_metadatas,
        v_logs_uris
    from freed f;

    if v_ids is not null then
        v_settled := _reproq_settle(
            v_ids, v_outcomes, v_errors, v_returns, v_retries, v_delays, v_metadatas, v_logs_uris
        );
        -- As most batches are: each outcome had a lease of its own, and no more is to be said.
        if cardinality(v_settled.settled_ids) = v_sent
            and 'SUCCESSFUL' = all(v_settled.statuses) then
            return query
            select p.result_id, p.lease_no, true, 'SUCCESSFUL', null::timestamptz
            from jsonb_to_recordset(outcomes) p (result_id bigint, lease_no bigint);
            return;
        end if;
    end if;

    -- What its own transaction has completed is told only where its log is.
    if outcomes @> '[{"outcome": "recorded"}]' then
        select v_ids || array_agg(n.result_id), v_lease_nos || array_agg(n.lease_no)
        into v_ids, v_lease_nos
        from _reproq_note_recorded(outcomes) n;
    end if;

    return query
    select a.result_id, a.lease_no, a.accepted, a.status, a.run_after
    from _reproq_answer_outcomes(outcomes, v_ids, v_lease_nos) a;
end;
$$;

comment on function reproq_finish(text, jsonb) is
'Record a batch of outcomes: objects with result_id, lease_no, outcome (complete, fail, release, or recorded: reproq_complete has done it) and return_json, error, retry (true), retry_in, metadata, logs_uri. One with an outdated lease_no, or a second one for a lease, changes nothing and is answered with accepted false. status is the run''s after it, null for an unknown run; run_after the time from which one that is READY or SCHEDULED again may run next. Errors: 22023 and RQ004 naming the place, 25000 outside READ COMMITTED.';
