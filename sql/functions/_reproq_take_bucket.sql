create or replace function _reproq_take_bucket(bucket text)
returns integer
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
    return (
        select floor(_reproq_tokens(l))
        from rate_limits l
        where l.key = bucket and l.tokens_per_second > 0 and l.burst_size > 0
        for no key update skip locked
    );
end;
$$;

comment on function _reproq_take_bucket(text) is
'Lock a token bucket until the transaction ends; the whole tokens in it, null when somebody else holds it or it is not enabled any more.';
