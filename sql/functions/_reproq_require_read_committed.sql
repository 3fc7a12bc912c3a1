create or replace function _reproq_require_read_committed()
returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
    -- What frees, wakes or releases must see what others committed while it waited for a lock.
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'reproq: isolation level % looks at an old snapshot',
            current_setting('transaction_isolation')
        using
            errcode = '25000',
            hint = 'Call it in a READ COMMITTED transaction; others may only enqueue and look.';
    end if;
    return true;
end;
$$;

comment on function _reproq_require_read_committed() is
'True in READ COMMITTED; else raises 25000.';
