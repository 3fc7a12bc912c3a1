create or replace procedure _reproq_install_function(
    p_name text,
    p_digest text,
    p_wheel_version text,
    p_source text
)
language plpgsql
as $procedure$
declare
    v_old record;
    v_made regprocedure[];
    v_procs_before text[];
    v_triggers_before text[];
    v_trigger record;
begin
    select p.oid, p.proowner, p.proacl, p.prosecdef, p.oid::regprocedure as signature into v_old
    from reproq_functions f
    join pg_proc p on p.oid = to_regprocedure(f.signature)
    where f.name = p_name;

    -- A row that the file makes or replaces gets a new place (ctid) in the catalogue; what keeps
    -- its place was not touched.
    v_procs_before := array(
        select format('%s %s', p.oid, p.ctid) from pg_proc p
        where p.pronamespace = quote_ident(current_schema())::regnamespace and p.proname = p_name
    );
    v_triggers_before := array(
        select format('%s %s', t.oid, t.ctid) from pg_trigger t
        join pg_class c on c.oid = t.tgrelid
        where t.tgfoid = v_old.oid and t.tgparentid = 0
            and c.relnamespace = quote_ident(current_schema())::regnamespace
    );

    begin
        execute p_source;
    exception when invalid_function_definition or ambiguous_function then
        -- Another parameter name or result type, or a signature that stands beside the old one:
        -- the old one must go first.
        if v_old.oid is null then
            raise;
        end if;
        call _reproq_drop_function(v_old.signature);
        execute p_source;
    end;

    v_made := array(
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = quote_ident(current_schema())::regnamespace and p.proname = p_name
            and format('%s %s', p.oid, p.ctid) <> all (v_procs_before)
    );
    if cardinality(v_made) <> 1 then
        raise exception 'the file %.sql makes % functions of that name, not one',
            p_name, cardinality(v_made)
            using errcode = '42P13',
            hint = 'Each file makes the one function that it is named after.';
    end if;
    if v_made[1] is distinct from v_old.oid::regprocedure and exists (
        select from unnest(v_procs_before) b where split_part(b, ' ', 1)::oid = v_made[1]
    ) then
        raise exception 'the function % exists and was not made by reproq', v_made[1]
            using errcode = '42723',
            hint = 'Rename or drop it, or install reproq into a schema of its own.';
    end if;

    if v_made[1] <> v_old.oid then
        if exists (select from pg_proc p where p.oid = v_old.oid) then
            call _reproq_drop_function(v_old.signature);
        end if;
        call _reproq_copy_grants(v_made[1], v_old.proowner, v_old.proacl);
    end if;

    if v_old.prosecdef then
        -- Roles are told apart here; `create or replace` has forgotten it.
        execute format('alter function %s security definer', v_made[1]);
    end if;

    -- A trigger that the file no longer names.
    for v_trigger in
        select t.tgname, t.tgrelid::regclass as on_table from pg_trigger t
        where t.tgfoid = v_old.oid and format('%s %s', t.oid, t.ctid) = any (v_triggers_before)
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.on_table);
    end loop;

    insert into reproq_functions as f (name, signature, digest, wheel_version)
    values (p_name, v_made[1]::text, p_digest, p_wheel_version)
    on conflict (name) do update
    set signature = excluded.signature, digest = excluded.digest,
        wheel_version = excluded.wheel_version, applied_at = clock_timestamp();
end
$procedure$;
