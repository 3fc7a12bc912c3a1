create or replace function reproq_rate_limits()
returns table (
    key text,
    tokens_per_second double precision,
    burst_size integer,
    current_tokens double precision,
    last_refilled_at timestamptz
)
language sql
volatile
set search_path from current
as $$
    -- The row of `global` is always there, at first with a rate of 0, which limits nothing.
    select l.key, l.tokens_per_second, l.burst_size, l.current_tokens, l.last_refilled_at
    from rate_limits l
    where l.key <> 'global' or l.tokens_per_second > 0
    order by l.key;
$$;

comment on function reproq_rate_limits() is
'The token buckets that were set, disabled ones too, and what each held when it was last refilled.';
