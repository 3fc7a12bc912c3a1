create or replace procedure _reproq_grant_rights(p_roles jsonb)
language plpgsql
as $procedure$
declare
    v_schema constant text := quote_ident(current_schema());
    v_function record;
    v_role record;
    v_right record;
begin
    -- Only what clients call, and what their statements set off, works with the rights of its
    -- owner; the rest is called from there and is nobody else's.
    for v_function in
        select p.oid::regprocedure as signature, not p.prosecdef and (
            p.proname like 'reproq\_%' or p.prorettype = 'trigger'::regtype
        ) as is_to_change
        from reproq_functions f
        inner join pg_proc p on p.oid = to_regprocedure(f.signature)
        order by f.name
    loop
        if v_function.is_to_change then
            execute format('alter function %s security definer', v_function.signature);
        end if;
        execute format('revoke execute on function %s from public', v_function.signature);
    end loop;

    for v_role in
        select distinct r.name
        from jsonb_each(p_roles) k (kind, names)
        cross join jsonb_array_elements_text(k.names) r (name)
        order by r.name
    loop
        if not has_schema_privilege(v_role.name, current_schema(), 'usage') then
            execute format('grant usage on schema %s to %I', v_schema, v_role.name);
        end if;
    end loop;

    for v_right in
        select distinct p.oid::regprocedure as signature, r.name as role
        from jsonb_each(p_roles) k (kind, names)
        cross join jsonb_array_elements_text(k.names) r (name)
        inner join reproq_rights() m on m.kind = k.kind
        inner join reproq_functions f on f.name = m.function_name
        inner join pg_proc p on p.oid = to_regprocedure(f.signature)
    loop
        execute format('grant execute on function %s to %I', v_right.signature, v_right.role);
    end loop;
end
$procedure$;
