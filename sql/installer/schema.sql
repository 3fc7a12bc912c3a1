-- The schema to install into: where reproq is already in sight, else where its predecessor's tables
-- are, else the first of the search path that exists. Temporary tables have no say.
select s.name
from unnest(current_schemas(false)) with ordinality s (name, place)
where s.name <> 'pg_catalog' and s.name not like 'pg\_temp\_%'
order by
    exists (
        select from pg_catalog.pg_class c
        where c.relnamespace = quote_ident(s.name)::regnamespace and c.relname = 'reproq_migrations'
    ) desc,
    exists (
        select from pg_catalog.pg_class c
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'spec_hash'
        where c.relnamespace = quote_ident(s.name)::regnamespace and c.relname = 'task_runs'
    ) desc,
    s.place
limit 1
