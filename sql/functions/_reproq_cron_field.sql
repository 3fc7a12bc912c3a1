create or replace function _reproq_cron_field(field text, place integer)
returns integer[]
language plpgsql
stable
set search_path from current
as $$
declare
    c_fields constant text[] := '{minute,hour,day of month,month,day of week}';
    c_lowest constant integer[] := '{0,0,1,1,0}';
    -- Sunday may be called 7, but a range without an end does not come to it twice.
    c_highest constant integer[] := '{59,23,31,12,6}';
    c_number constant text := '[0-9]{1,3}|[a-z]{3}';
    v_place text := format('cron_expr: field %s (%s)', place, c_fields[place]);
    v_item text;
    v_part text[];
    v_first integer;
    v_last integer;
    v_step integer;
    v_values integer[] := '{}';
begin
    foreach v_item in array string_to_array(lower(field collate "C"), ',') loop
        v_part := regexp_match(
            v_item, format('^(?:(\*)|(%1$s)(?:-(%1$s))?)(?:/([0-9]{1,4}))?$', c_number)
        );
        if v_part is null then
            perform _reproq_refuse(v_place, format('"%s" cannot be read', left(v_item, 40)));
        end if;
        v_step := coalesce(v_part[4]::integer, 1);
        if v_part[1] is not null then
            v_first := c_lowest[place];
            v_last := c_highest[place];
        else
            v_first := _reproq_cron_number(v_part[2], place, v_place);
            v_last := case
                -- fri-sun ends on the Sunday that follows.
                when place = 5 and v_part[3] = 'sun' then 7
                when v_part[3] is not null then _reproq_cron_number(v_part[3], place, v_place)
                when v_part[4] is not null then greatest(c_highest[place], v_first)
                else v_first
            end;
        end if;
        if v_step = 0 then
            perform _reproq_refuse(v_place, format('the step of "%s" must be above 0', v_item));
        end if;
        if v_first > v_last then
            perform _reproq_refuse(v_place, format('the range "%s" runs backwards', v_item));
        end if;
        v_values := v_values || array(select generate_series(v_first, v_last, v_step));
    end loop;
    return array(
        select distinct case when place = 5 then u.n % 7 else u.n end as n
        from unnest(v_values) u (n)
        order by n
    );
end;
$$;

comment on function _reproq_cron_field(text, integer) is
'The values, in order, that the field at this place of a cron expression names. Errors: 22023 naming field and place.';
