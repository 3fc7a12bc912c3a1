-- One schema for all that follows. pg_catalog is searched first without being named; naming it
-- would make it the schema in which new objects are created. A function's body may name functions
-- that come later.
do $settings$
begin
    perform set_config('search_path', format('%I, pg_temp', {schema}), true);
    perform set_config('check_function_bodies', 'off', true);
end
$settings$;
