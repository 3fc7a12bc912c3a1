-- Drops what the installer recorded and nothing else. No CASCADE: what others built on it refuses
-- the drop and is named.
do $uninstall$
declare
    v_functions regprocedure[] := array(
        select p.oid::regprocedure
        from reproq_functions f
        join pg_proc p on p.oid = to_regprocedure(f.signature)
    );
    v_tables text;
    v_views text;
    v_trigger record;
    v_function regprocedure;
begin
    for v_trigger in
        select t.tgname, t.tgrelid::regclass as on_table
        from pg_trigger t
        join pg_class c on c.oid = t.tgrelid
        where t.tgfoid = any (v_functions::oid[]) and t.tgparentid = 0
            and c.relnamespace = quote_ident(current_schema())::regnamespace
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.on_table);
    end loop;

    -- A function may return a row of a table, and a table's default may call a function: drop what
    -- nothing needs, then the tables, then the rest.
    foreach v_function in array v_functions loop
        begin
            execute format('drop function %s', v_function);
        exception when dependent_objects_still_exist then
            null;
        end;
    end loop;

    select
        string_agg(c.oid::regclass::text, ', ') filter (where c.relkind = 'v'),
        string_agg(c.oid::regclass::text, ', ') filter (where c.relkind <> 'v')
    into v_views, v_tables
    from pg_class c
    where c.relnamespace = quote_ident(current_schema())::regnamespace and not c.relispartition
        and (c.relname in ('reproq_migrations', 'reproq_functions')
            or c.relname in (select unnest(m.tables) from reproq_migrations m));
    if v_views is not null then
        execute format('drop view %s', v_views);
    end if;
    execute format('drop table %s', v_tables);

    for v_function in
        select p.oid::regprocedure from pg_proc p where p.oid = any (v_functions::oid[])
    loop
        execute format('drop function %s', v_function);
    end loop;
end
$uninstall$;
