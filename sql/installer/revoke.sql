-- Takes from some roles what they may call.
do $revoke$
declare
    v_names constant text[] := {roles};
    v_right record;
begin
    for v_right in
        select p.oid::regprocedure as signature, r.name as role
        from reproq_functions f
        inner join pg_proc p on p.oid = to_regprocedure(f.signature)
        cross join unnest(v_names) r (name)
        order by f.name
    loop
        execute format('revoke all on function %s from %I', v_right.signature, v_right.role);
    end loop;
end
$revoke$;
