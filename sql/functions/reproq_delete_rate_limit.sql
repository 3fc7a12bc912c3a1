create or replace function reproq_delete_rate_limit(key text)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
    delete from rate_limits l
    where l.key = reproq_delete_rate_limit.key;
    return found;
end;
$$;

comment on function reproq_delete_rate_limit(text) is
'Lift a rate limit; whether there was one. Runs that wait for it go on at the next tick.';
