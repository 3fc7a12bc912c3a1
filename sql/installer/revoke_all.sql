-- No roles are told apart any more: every function works with its caller's rights, and whoever has
-- rights on the tables may call it, as after a fresh install.
do $revoke$
declare
    v_function record;
    v_grant record;
begin
    for v_function in
        select p.oid, p.oid::regprocedure as signature, p.prosecdef, p.proowner, p.proacl
        from reproq_functions f
        inner join pg_proc p on p.oid = to_regprocedure(f.signature)
        order by f.name
    loop
        if v_function.prosecdef then
            execute format('alter function %s security invoker', v_function.signature);
        end if;
        for v_grant in
            select distinct a.grantee::regrole as role
            from aclexplode(v_function.proacl) a
            where a.grantee not in (0, v_function.proowner)
        loop
            execute format(
                'revoke all on function %s from %s', v_function.signature, v_grant.role
            );
        end loop;
        execute format('grant execute on function %s to public', v_function.signature);
    end loop;
end
$revoke$;
