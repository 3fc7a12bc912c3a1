create or replace function _reproq_caller()
returns text
language sql
stable
set search_path from current
as $$
    -- In a function with its owner's rights current_user is the owner. What SET ROLE has set shows
    -- through, and without it the role is the session's.
    select coalesce(nullif(current_setting('role'), 'none'), session_user);
$$;

comment on function _reproq_caller() is
'The role on whose behalf the session calls, though a function may run with the rights of its owner.';
