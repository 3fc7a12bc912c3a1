create or replace procedure _reproq_drop_functions_except(p_names text[])
language plpgsql
as $procedure$
declare
    v_signature regprocedure;
begin
    for v_signature in
        select p.oid::regprocedure
        from reproq_functions f
        join pg_proc p on p.oid = to_regprocedure(f.signature)
        where f.name <> all (p_names)
    loop
        call _reproq_drop_function(v_signature);
    end loop;
    delete from reproq_functions f where f.name <> all (p_names);
end
$procedure$;
