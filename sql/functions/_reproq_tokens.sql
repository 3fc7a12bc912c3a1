create or replace function _reproq_tokens(bucket rate_limits)
returns double precision
language plpgsql
volatile
set search_path from current
as $$
begin
    -- A clock that went back adds nothing.
    return least(
        bucket.burst_size,
        bucket.current_tokens
        + greatest(extract(epoch from _reproq_now() - bucket.last_refilled_at), 0)
        * bucket.tokens_per_second
    );
end;
$$;

comment on function _reproq_tokens(rate_limits) is 'What a token bucket holds now: what it held plus what has come in since, at most its burst.';
