-- What the installer has done, so that it knows what is left to do and which objects are its own.
do $records$
begin
    if to_regclass(format('%I.reproq_migrations', current_schema())) is not null then
        return;
    end if;

    create table reproq_migrations (
        number integer primary key,
        name text not null,
        digest text not null,
        tables text[] not null,
        wheel_version text not null,
        applied_at timestamptz not null default clock_timestamp()
    );
    comment on table reproq_migrations is
        'The migrations that the installer applied, with the tables that each made.';

    create table reproq_functions (
        name text primary key,
        signature text not null,
        digest text not null,
        wheel_version text not null,
        applied_at timestamptz not null default clock_timestamp()
    );
    comment on table reproq_functions is
        'The functions that the installer made, with a digest of the file that each came from.';
end
$records$;
