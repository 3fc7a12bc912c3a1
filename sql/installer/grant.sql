-- Tells roles apart: kinds and the names of their roles, as {"producer": ["app"], ...}.
do $grant$
declare
    v_roles constant jsonb := {roles};
    v_role text;
begin
    -- Who can make functions here could have the owner's rights run them.
    if exists (
        select from pg_namespace n
        cross join aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
        where n.oid = quote_ident(current_schema())::regnamespace
            and a.privilege_type = 'CREATE' and a.grantee = 0
    ) then
        raise exception 'everybody may create functions in the schema %', current_schema()
            using errcode = 'RQ003',
            hint = format('Say: revoke create on schema %I from public', current_schema());
    end if;

    for v_role in
        select distinct r.name
        from jsonb_each(v_roles) k (kind, names)
        cross join jsonb_array_elements_text(k.names) r (name)
    loop
        if not exists (select from pg_roles r where r.rolname = v_role) then
            raise exception 'there is no role "%"', v_role using errcode = '22023';
        elsif has_schema_privilege(v_role, current_schema(), 'create') then
            raise exception 'the role "%" may create functions in the schema %',
                v_role, current_schema()
                using errcode = 'RQ003',
                hint = 'What is granted here would not hold it back: choose another role.';
        end if;
    end loop;
    call _reproq_grant_rights(v_roles);
end
$grant$;

drop procedure _reproq_grant_rights;
