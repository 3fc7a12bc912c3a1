-- The migrations have just made every table empty and as it should be. Gives each old table the
-- columns of the new one, drops the new one and gives the old one its name. What else sets the two
-- apart (constraints, indexes, comments, views) is noted first, as commands for when the rows are
-- in order. So there is one description of the layout: the migrations.
do $take_back$
declare
    v_schema constant oid := quote_ident(current_schema())::regnamespace;
    v_view regclass;
    v_pair record;
begin
    if current_setting('reproq.adopting', true) is distinct from 'on' then
        return;
    end if;

    create table reproq_adoption (
        place integer generated always as identity primary key,
        command text not null,
        on_view boolean not null default false
    );
    comment on table reproq_adoption is 'What is left to do in an adoption; dropped at its end.';

    -- Views look at the new tables, which are to go; and perhaps at one another.
    foreach v_view in array array(
        select c.oid::regclass
        from pg_class c
        join (select unnest(m.tables) as name from reproq_migrations m) m on m.name = c.relname
        where c.relnamespace = v_schema and c.relkind = 'v'
        order by c.oid desc
    ) loop
        insert into reproq_adoption (command, on_view)
        values (format('create view %1$s as %2$s comment on view %1$s is %3$L',
            v_view, pg_get_viewdef(v_view), obj_description(v_view, 'pg_class')), true);
        execute format('drop view %s', v_view);
    end loop;

    for v_pair in
        select o.oid::regclass as old, n.oid::regclass as new, n.relname as name
        from pg_class o
        join pg_class n on n.relnamespace = v_schema and n.relkind = 'r'
            and n.relname = replace(
                substr(o.relname, length('reproq_old_') + 1), 'workflow_runs', 'reproq_workflows'
            )
        where o.relnamespace = v_schema and o.relkind = 'r' and o.relname like 'reproq\_old\_%'
        order by n.oid
    loop
        -- Columns first, by a name that the table will have: they give theirs to constraints.
        call _reproq_note_differences(v_pair.old, v_pair.new);
        execute format('alter table %s rename to %I', v_pair.new, 'reproq_new_' || v_pair.name);
        execute format('alter table %s rename to %I', v_pair.old, v_pair.name);
        call _reproq_adopt_columns(v_pair.old, v_pair.new);
        execute format('drop table %s', v_pair.new);
        call _reproq_adopt_names(v_pair.old);
        call _reproq_adopt_identity(v_pair.old);
    end loop;
end
$take_back$;
