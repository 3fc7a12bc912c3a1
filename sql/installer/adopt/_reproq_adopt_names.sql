-- Gives the primary key and the NOT NULL constraints (named from PostgreSQL 18 on) of an adopted
-- table the names that those of a new one have.
create or replace procedure _reproq_adopt_names(p_table regclass)
language plpgsql
as $procedure$
declare
    v_constraint record;
begin
    for v_constraint in
        select o.conname as given, s.name as becomes
        from pg_constraint o
        join pg_class c on c.oid = o.conrelid
        left join pg_attribute a
            on o.contype = 'n' and a.attrelid = o.conrelid and a.attnum = o.conkey[1]
        cross join lateral (
            select case o.contype
                when 'p' then c.relname || '_pkey'
                else format('%s_%s_not_null', c.relname, a.attname)
            end as name
        ) s
        where o.conrelid = p_table and o.contype in ('p', 'n') and o.conname <> s.name
            and length(s.name) < 64
    loop
        execute format('alter table %s rename constraint %I to %I',
            p_table, v_constraint.given, v_constraint.becomes);
    end loop;
end
$procedure$;
