create or replace function reproq_installed()
returns table (kind text, name text, digest text)
language sql
stable
set search_path from current
as $$
    select 'migration', m.name, m.digest from reproq_migrations m
    union all
    select 'function', f.name, f.digest from reproq_functions f;
$$;

comment on function reproq_installed() is
'The files that the installer has applied, with their digests: what a client compares with its own.';
