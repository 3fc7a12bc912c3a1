create or replace function _reproq_spend_tokens(
    started bigint[],
    tickets reproq_ready[],
    buckets text[]
)
returns void
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
begin
    update rate_limits l
    set
        -- (A clock that went back since the tokens were counted must not make them negative.)
        current_tokens = greatest(_reproq_tokens(l) - s.starts, 0),
        last_refilled_at = _reproq_now()
    from (
        select p.bucket, count(distinct p.result_id) as starts
        from unnest(tickets, buckets) p (
            ring, concurrency_limit, claim_order, result_id, queue_name, lock_key, concurrency_key,
            bucket
        )
        where p.bucket is not null and p.result_id = any(started)
        group by p.bucket
    ) s
    where l.key = any(array[s.bucket]);
end;
$$;

comment on function _reproq_spend_tokens(bigint[], reproq_ready[], text[]) is
'Take one token for each of these tickets whose run was started from its bucket, which the caller holds.';
