-- A schema, its name quoted where SQL needs it quoted, and whether it holds an installation.
select n.nspname, quote_ident(n.nspname) as quoted, exists (
    select from pg_catalog.pg_class c
    where c.relnamespace = n.oid and c.relname = 'reproq_functions' and c.relkind = 'r'
) as installed
from pg_catalog.pg_namespace n
where n.nspname = {wanted}
