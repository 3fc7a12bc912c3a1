create or replace procedure _reproq_install_migration(
    p_number integer,
    p_name text,
    p_digest text,
    p_wheel_version text,
    p_source text
)
language plpgsql
as $procedure$
declare
    v_tables text[];
    v_before name[];
begin
    select m.tables into v_tables from reproq_migrations m where m.number = p_number;
    if found then
        -- Applied again only where a dump has left all of its tables out; the records tell what
        -- belongs into them.
        if v_tables = '{}' or exists (
            select from pg_class c
            where c.relnamespace = quote_ident(current_schema())::regnamespace
                and c.relname = any (v_tables)
        ) then
            return;
        end if;
        execute p_source;
        perform set_config('reproq.repair', 'on', true);
        return;
    end if;

    v_before := array(
        select c.relname from pg_class c
        where c.relnamespace = quote_ident(current_schema())::regnamespace
            and c.relkind in ('r', 'p', 'v')
    );
    execute p_source;
    insert into reproq_migrations (number, name, digest, wheel_version, tables)
    values (p_number, p_name, p_digest, p_wheel_version, array(
        select c.relname::text from pg_class c
        where c.relnamespace = quote_ident(current_schema())::regnamespace
            and c.relkind in ('r', 'p', 'v')
            and c.relname <> all (v_before)
        order by c.relname
    ));
end
$procedure$;
