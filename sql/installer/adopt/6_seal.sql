-- The rows are in order: constraints, indexes, comments and views as the migrations want them.
do $seal$
declare
    v_command text;
    v_index regclass;
begin
    if current_setting('reproq.adopting', true) is distinct from 'on' then
        return;
    end if;

    for v_command in
        select a.command from reproq_adoption a
        order by a.on_view, case when a.on_view then -a.place else a.place end
    loop
        execute v_command;
    end loop;
    drop table reproq_adoption;

    -- Whoever looked at the table workflow_runs looks at the view from now on.
    for v_command in
        select format('grant select on workflow_runs to %s', case a.grantee
            when 0 then 'public' else a.grantee::regrole::text end)
        from pg_class c
        cross join aclexplode(c.relacl) a
        where c.oid = 'reproq_workflows'::regclass and a.privilege_type = 'SELECT'
            and a.grantee <> c.relowner
    loop
        execute v_command;
    end loop;

    for v_index in
        select i.indexrelid::regclass from pg_index i
        where i.indrelid = 'task_runs'::regclass
            and pg_get_indexdef(i.indexrelid) ~ '\m(status|leased_by|leased_until|updated_at)\M'
    loop
        raise notice 'the index % names a column that every claim writes: drop it if you can', v_index;
    end loop;
end
$seal$;
