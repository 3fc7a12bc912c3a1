create or replace function reproq_set_rate_limit(
    key text,
    rate double precision,
    burst bigint default 1
)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    if rate is null or rate < 0 or rate >= 'infinity' then
        perform _reproq_refuse(
            'rate', 'must be 0, which disables the limit, or a finite positive number'
        );
    end if;
    if burst is null or burst not between 1 and 2147483647 then
        perform _reproq_refuse('burst', 'must be between 1 and 2147483647');
    end if;
    insert into rate_limits as l (
        key, tokens_per_second, burst_size, current_tokens, last_refilled_at
    )
    values (reproq_set_rate_limit.key, rate, burst, burst, _reproq_now())
    on conflict on constraint rate_limits_pkey do update set
        tokens_per_second = excluded.tokens_per_second,
        burst_size = excluded.burst_size;
end;
$$;

comment on function reproq_set_rate_limit(text, double precision, bigint) is
'Let runs start at most at this rate, in starts a second, and burst at once: all of them (key global), those of a queue (queue:<name>) or of a task (task:<path>); the narrowest enabled limit alone holds for a run. A new bucket is full, a changed one keeps what is in it. A rate of 0 disables it. Runs that wait already follow at the next tick. Errors: 22023.';
