-- Gives an adopted table the columns of the one that the migrations made: missing ones added,
-- types, defaults and nulls made alike. One ALTER TABLE does it all, so that a table whose types
-- differ is rewritten once and any other one not at all.
create or replace procedure _reproq_adopt_columns(p_old regclass, p_new regclass)
language plpgsql
as $procedure$
declare
    v_changes text;
    v_fill text;
    v_nulls text;
    v_strict text;
begin
    with wanted as (
        select
            n.attnum, quote_ident(n.attname) as name, n.attidentity, n.attnotnull,
            format_type(n.atttypid, n.atttypmod)
            || case when n.attcollation not in (0, t.typcollation)
                then format(' collate %s', n.attcollation::regcollation) else '' end as type,
            pg_get_expr(nd.adbin, nd.adrelid) as standard,
            o.attnum is null as missing,
            o.attnotnull as old_notnull,
            o.atttypid = 'text[]'::regtype as was_array,
            o.atttypid <> n.atttypid or o.atttypmod <> n.atttypmod
            or o.attcollation <> n.attcollation as differs,
            pg_get_expr(od.adbin, od.adrelid) as old_standard
        from pg_attribute n
        join pg_type t on t.oid = n.atttypid
        left join pg_attrdef nd on nd.adrelid = n.attrelid and nd.adnum = n.attnum
        left join pg_attribute o
            on o.attrelid = p_old and o.attname = n.attname and not o.attisdropped
        left join pg_attrdef od on od.adrelid = o.attrelid and od.adnum = o.attnum
        where n.attrelid = p_new and n.attnum > 0 and not n.attisdropped
    ),

    change as (
        select w.attnum, c.place, c.clause
        from wanted w
        cross join lateral (
            values
            (
                1, case when w.missing then format('add column %s %s%s%s', w.name, w.type,
                    case when w.attnotnull then ' not null' else '' end, ' default ' || w.standard)
                end
            ),
            -- A default of the old type would be in the way of the new one.
            (
                2, case when w.old_standard is not null and w.attidentity = ''
                    and (w.differs or w.standard is null)
                    then format('alter column %s drop default', w.name) end
            ),
            (
                3, case when w.differs then format('alter column %1$s type %2$s using %3$s',
                    w.name, w.type, case
                        when w.was_array and w.type = 'jsonb' then format('to_jsonb(%s)', w.name)
                        -- By way of text: a real 0.1 becomes a double 0.1.
                        else format('%s::text::%s', w.name, w.type)
                    end)
                end
            ),
            (
                4, case when not w.missing and w.attidentity = ''
                    and (w.standard <> w.old_standard or w.old_standard is null or w.differs)
                    then 'alter column ' || w.name || ' set default ' || w.standard end
            ),
            (
                5, case when w.old_notnull and not w.attnotnull
                    then format('alter column %s drop not null', w.name) end
            )
        ) c (place, clause)
        where c.clause is not null
    )

    select
        (select string_agg(c.clause, ', ' order by c.attnum, c.place) from change c),
        string_agg(format('%1$s = coalesce(%1$s, %2$s)', w.name, w.standard), ', ')
        filter (where w.attnotnull and not w.old_notnull and w.standard is not null),
        string_agg(format('%s is null', w.name), ' or ')
        filter (where w.attnotnull and not w.old_notnull and w.standard is not null),
        string_agg(format('alter column %s set not null', w.name), ', ')
        filter (where w.attnotnull and not w.old_notnull)
    into v_changes, v_fill, v_nulls, v_strict
    from wanted w;

    if v_changes is not null then
        execute format('alter table %s %s', p_old, v_changes);
    end if;
    if v_fill is not null then
        execute format('update %s set %s where %s', p_old, v_fill, v_nulls);
    end if;
    if v_strict is not null then
        execute format('alter table %s %s', p_old, v_strict);
    end if;
end
$procedure$;
