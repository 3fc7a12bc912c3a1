create or replace function _reproq_succeed(
    result_ids bigint[],
    return_values jsonb[],
    metadatas jsonb[],
    logs_uris text[],
    out settled_ids bigint[],
    out statuses text[],
    out gates text[]
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
begin
    with succeeded as (
        update task_runs r
        set
            status = 'SUCCESSFUL',
            leased_by = null,
            leased_until = null,
            return_json = coalesce(o.return_value, 'null'),
            metadata_json = coalesce(o.metadata, r.metadata_json),
            logs_uri = coalesce(o.logs_uri, r.logs_uri),
            finished_at = v_now,
            delete_after = v_now + r.result_ttl,
            updated_at = v_now
        from unnest(
            _reproq_succeed.result_ids, return_values, metadatas, logs_uris
        ) o (result_id, return_value, metadata, logs_uri)
        where r.result_id = any(array[o.result_id]) and r.finished_at is null
        returning
            r.result_id, r.lock_key,
            case when r.concurrency_limit > 0 then r.concurrency_key end as concurrency_key
    )

    select
        array_agg(s.result_id), array_agg('SUCCESSFUL'::text),
        array_agg('lock:' || s.lock_key) filter (where s.lock_key is not null)
        || array_agg('key:' || s.concurrency_key) filter (where s.concurrency_key is not null)
    into settled_ids, statuses, gates
    from succeeded s;
end;
$$;

comment on function _reproq_succeed(bigint[], jsonb[], jsonb[], text[]) is
'What _reproq_settle does to the records of runs that all completed, with results that are not too large.';
