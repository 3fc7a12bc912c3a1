-- The installer leaves none of its own tools behind.
drop procedure
    _reproq_install_migration,
    _reproq_install_function,
    _reproq_drop_functions_except,
    _reproq_drop_function,
    _reproq_copy_grants,
    _reproq_grant_rights,
    _reproq_note_differences,
    _reproq_adopt_columns,
    _reproq_adopt_names,
    _reproq_adopt_identity;

do $repair$
begin
    if current_setting('reproq.repair', true) = 'on' then
        perform reproq_repair();
        perform set_config('reproq.repair', '', true);
    end if;
end
$repair$;
