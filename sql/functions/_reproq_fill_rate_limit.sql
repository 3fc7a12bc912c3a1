create or replace function _reproq_fill_rate_limit()
returns trigger
language plpgsql
volatile
set search_path from current
as $$
declare
    v_now timestamptz := _reproq_now();
    v_enabled boolean := new.tokens_per_second > 0 and new.burst_size > 0;
    v_was_enabled boolean := false;
begin
    if new.key is null or new.key !~ '^(global|(task|queue):.*\S.*)$' then
        perform _reproq_refuse('key', 'must be global, queue:<name> or task:<path>');
    end if;
    -- (NaN sorts after infinity.)
    if new.tokens_per_second is null or new.tokens_per_second < 0
        or new.tokens_per_second >= 'infinity' then
        perform _reproq_refuse(
            'tokens_per_second', 'must be 0, which disables the limit, or a finite positive number'
        );
    end if;
    if new.burst_size is null or new.burst_size < 0 then
        perform _reproq_refuse('burst_size', 'must not be negative');
    end if;

    if tg_op = 'UPDATE' then
        v_was_enabled := old.tokens_per_second > 0 and old.burst_size > 0 and old.key = new.key;
        -- What came in until now came in at the old rate; one that is enabled anew is full.
        if new.current_tokens = old.current_tokens
            and new.last_refilled_at = old.last_refilled_at then
            new.current_tokens := case
                when v_was_enabled then _reproq_tokens(old) else new.burst_size
            end;
            new.last_refilled_at := v_now;
        end if;
    end if;
    new.current_tokens := greatest(least(new.current_tokens, new.burst_size), 0);
    if not v_enabled then
        new.overrides_since := null;
    elsif not v_was_enabled then
        new.overrides_since := v_now;
    end if;
    return new;
end;
$$;

comment on function _reproq_fill_rate_limit() is
'Check a token bucket (22023 names the column) and keep what is in it within its burst when its rate or burst is changed.';

create or replace trigger reproq_fill_rate_limit
before insert or update of key, tokens_per_second, burst_size on rate_limits
for each row execute function _reproq_fill_rate_limit();
