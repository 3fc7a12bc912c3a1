create or replace function _reproq_check_time_zone(time_zone text)
returns boolean
language plpgsql
stable
set search_path from current
as $$
begin
    -- Postgres reads what it does not know but what ends in a number as a POSIX rule, in which
    -- UTC+3 lies west of Greenwich. Only these zones have a digit in their names.
    if time_zone !~ '^[A-Za-z_+-]+(/[A-Za-z_+-]+)*$'
        and time_zone !~* '^(Etc/)?GMT([+-]?[0-9]{1,2})$'
        and time_zone !~* '^(EST5EDT|CST6CDT|MST7MDT|PST8PDT)$' then
        raise invalid_parameter_value;
    end if;
    perform timestamp '2000-01-01' at time zone time_zone;
    return true;
exception
    when invalid_parameter_value then
        return _reproq_refuse(
            'time_zone', format('"%s" is no time zone that is known here', left(time_zone, 60))
        );
end;
$$;

comment on function _reproq_check_time_zone(text) is
'True for the name of a time zone; else raises 22023.';
