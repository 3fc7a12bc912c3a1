create or replace procedure _reproq_copy_grants(
    p_to regprocedure,
    p_old_owner oid,
    p_grants aclitem[]
)
language plpgsql
as $procedure$
declare
    v_owner constant oid := (select p.proowner from pg_proc p where p.oid = p_to);
    v_grant record;
begin
    -- First take away what a new function is born with (EXECUTE for PUBLIC, default privileges),
    -- then give what the old one had.
    for v_grant in
        select distinct a.grantee
        from pg_proc p
        cross join aclexplode(coalesce(p.proacl, acldefault('f', v_owner))) a
        where p.oid = p_to and a.grantee <> v_owner
    loop
        execute format('revoke all on function %s from %s', p_to,
            case v_grant.grantee when 0 then 'public' else v_grant.grantee::regrole::text end);
    end loop;

    for v_grant in
        select a.grantee, bool_or(a.is_grantable) as is_grantable
        from aclexplode(coalesce(p_grants, acldefault('f', p_old_owner))) a
        where a.grantee <> v_owner
        group by a.grantee
    loop
        execute format('grant execute on function %s to %s%s', p_to,
            case v_grant.grantee when 0 then 'public' else v_grant.grantee::regrole::text end,
            case when v_grant.is_grantable then ' with grant option' end);
    end loop;
end
$procedure$;
