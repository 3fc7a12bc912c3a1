-- A schema, its name quoted where SQL needs it quoted, whether it holds an installation, and whether
-- this role may read its records.
select n.nspname, quote_ident(n.nspname) as quoted, c.oid is not null as installed,
    coalesce(pg_catalog.has_table_privilege(c.oid, 'select'), false) as readable
from pg_catalog.pg_namespace n
left join pg_catalog.pg_class c
    on c.relnamespace = n.oid and c.relname = 'reproq_functions' and c.relkind = 'r'
where n.nspname = {wanted}
