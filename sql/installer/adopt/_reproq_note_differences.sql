-- Notes what a table of the migrations has and an adopted one lacks, as commands that name it by
-- the name that both have in turn. The primary key is the adopted table's own: what refers to it
-- stays.
create or replace procedure _reproq_note_differences(p_old regclass, p_new regclass)
language plpgsql
as $procedure$
begin
    -- In one statement all of them are checked in one scan.
    insert into reproq_adoption (command)
    select format('alter table %s %s', p_new, string_agg(
        format('add constraint %I %s', o.conname, pg_get_constraintdef(o.oid)), ', ' order by o.oid
    ))
    from pg_constraint o
    where o.conrelid = p_new and o.contype not in ('p', 'n')
    having count(*) > 0;

    insert into reproq_adoption (command)
    select pg_get_indexdef(i.indexrelid)
    from pg_index i
    where i.indrelid = p_new
        and not exists (select from pg_constraint o where o.conindid = i.indexrelid)
    order by i.indexrelid;

    insert into reproq_adoption (command)
    select format('alter table %s set (%s)', p_new, array_to_string(c.reloptions, ', '))
    from pg_class c
    where c.oid = p_new and c.reloptions is not null;

    insert into reproq_adoption (command)
    select format('comment on %s is %L', d.subject, d.description)
    from (
        select format('table %s', p_new) as subject, d.description, d.objsubid as place
        from pg_description d
        where d.objoid = p_new and d.classoid = 'pg_class'::regclass and d.objsubid = 0
        union all
        select format('column %s.%I', p_new, a.attname), d.description, d.objsubid
        from pg_description d
        join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid
        where d.objoid = p_new and d.classoid = 'pg_class'::regclass and d.objsubid > 0
        union all
        select format('index %s', i.indexrelid::regclass), d.description, 10000
        from pg_index i
        join pg_description d on d.objoid = i.indexrelid and d.classoid = 'pg_class'::regclass
        where i.indrelid = p_new
    ) d
    order by d.place, d.subject;
end
$procedure$;
