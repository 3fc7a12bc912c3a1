-- Refuses to go on where this wheel is older than the database, or where a migration's file changed
-- after it was applied.
do $guard$
declare
    v_wheel constant text := {wheel_version};
    v_files constant jsonb := {migrations};
    -- Only the numbers count: a pre-release is as good as its release.
    v_numbers constant text := '^[0-9]+(?:[.][0-9]+)*';
    v_name text;
    v_newest text;
begin
    select m.name into v_name
    from reproq_migrations m
    where not v_files ? m.name
    order by m.number desc
    limit 1;
    if found then
        raise exception 'the database is newer than reproq %: it has the migration %',
            v_wheel, v_name
            using errcode = 'RQ005', hint = 'Install the newer release of reproq.';
    end if;

    select m.name into v_name
    from reproq_migrations m
    where v_files ->> m.name <> m.digest
    order by m.number
    limit 1;
    if found then
        raise exception 'the file of migration % is not the one that was applied', v_name
            using errcode = 'RQ005',
            hint = 'A migration is never edited once applied: restore the file and add a new one.';
    end if;

    select f.wheel_version into v_newest
    from reproq_functions f
    where string_to_array(substring(f.wheel_version from v_numbers), '.')::integer[]
        > string_to_array(substring(v_wheel from v_numbers), '.')::integer[]
    limit 1;
    if found then
        raise exception 'the database is newer than reproq %: its functions are those of reproq %',
            v_wheel, v_newest
            using errcode = 'RQ005', hint = format('Install reproq %s or newer.', v_newest);
    end if;
end
$guard$;
