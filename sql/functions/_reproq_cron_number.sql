create or replace function _reproq_cron_number(value text, place integer, field text)
returns integer
language plpgsql
stable
set search_path from current
as $$
declare
    c_months constant text[] := '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}';
    c_weekdays constant text[] := '{sun,mon,tue,wed,thu,fri,sat}';
    c_lowest constant integer[] := '{0,0,1,1,0}';
    c_highest constant integer[] := '{59,23,31,12,7}';
    v_number integer;
begin
    v_number := case
        when value ~ '^[0-9]' then value::integer
        when place = 4 then array_position(c_months, value)
        when place = 5 then array_position(c_weekdays, value) - 1
    end;
    if v_number is null then
        perform _reproq_refuse(field, format('"%s" is no name that is known here', value));
    elsif v_number not between c_lowest[place] and c_highest[place] then
        perform _reproq_refuse(
            field,
            format('"%s" must be between %s and %s', value, c_lowest[place], c_highest[place])
        );
    end if;
    return v_number;
end;
$$;

comment on function _reproq_cron_number(text, integer, text) is
'The number that a word of a cron field means. Errors: 22023 naming the field.';
