-- What is recorded, for one look without a lock. A function that someone dropped counts as missing,
-- and so does a migration of whose tables none is left.
select 'migration' as kind, m.name, m.digest
from {schema}.reproq_migrations m
join pg_catalog.pg_class o on o.oid = m.tableoid
where m.tables = '{}' or exists (
    select from pg_catalog.pg_class c
    where c.relnamespace = o.relnamespace and c.relname = any (m.tables)
)
union all
select 'function', f.name, f.digest
from {schema}.reproq_functions f
join pg_catalog.pg_class c on c.oid = f.tableoid
where exists (
    select from pg_catalog.pg_proc p where p.pronamespace = c.relnamespace and p.proname = f.name
)
