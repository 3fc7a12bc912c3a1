create or replace function _reproq_check_lease(lease interval)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    if lease is null or lease not between interval '1 millisecond' and interval '30 days' then
        perform _reproq_refuse('lease', 'must be above 0 and at most 30 days');
    end if;
end;
$$;

comment on function _reproq_check_lease(interval) is
'Raise 22023 for a length that no lease may have.';
