-- Where roles are told apart, what this install made anew is theirs by the same rules. Which role
-- is of which kind shows in who may call the kind's sign; an operator may do what an observer may.
do $roles$
declare
    v_roles jsonb;
begin
    if not exists (
        select from pg_proc p where p.oid = to_regprocedure('reproq_rights()') and p.prosecdef
    ) then
        return;
    end if;

    select jsonb_object_agg(k.kind, k.names) into v_roles
    from (
        select s.kind, jsonb_agg(r.rolname) as names
        from (
            values
            ('producer', 'reproq_enqueue'),
            ('worker', 'reproq_claim'),
            ('operator', 'reproq_cancel'),
            ('observer', 'reproq_states')
        ) s (kind, function_name)
        inner join reproq_functions f on f.name = s.function_name
        inner join pg_proc p on p.oid = to_regprocedure(f.signature)
        cross join aclexplode(p.proacl) a
        inner join pg_roles r on r.oid = a.grantee
        where a.grantee <> p.proowner
        group by s.kind
    ) k;
    call _reproq_grant_rights(coalesce(v_roles, '{}'));
end
$roles$;
