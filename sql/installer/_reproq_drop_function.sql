create or replace procedure _reproq_drop_function(p_signature regprocedure)
language plpgsql
as $procedure$
declare
    v_trigger record;
begin
    -- A trigger would refuse the drop; the file that owns it makes it anew.
    for v_trigger in
        select t.tgname, t.tgrelid::regclass as on_table
        from pg_trigger t
        join pg_class c on c.oid = t.tgrelid
        where t.tgfoid = p_signature and t.tgparentid = 0
            and c.relnamespace = quote_ident(current_schema())::regnamespace
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.on_table);
    end loop;
    execute format('drop function %s', p_signature);
end
$procedure$;
