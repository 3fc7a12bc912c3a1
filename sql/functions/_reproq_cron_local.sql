create or replace function _reproq_cron_local(
    after timestamp,
    minutes integer[],
    hours integer[],
    days integer[],
    months integer[],
    weekdays integer[],
    either_day boolean
)
returns timestamp
language plpgsql
stable
set search_path from current
as $$
declare
    v_today date := after::date;
    v_day date := _reproq_cron_day(v_today, days, months, weekdays, either_day);
    v_now_hour integer := extract(hour from after);
    v_now_minute integer := extract(minute from after);
    v_hour integer;
    v_minute integer;
begin
    if v_day = v_today then
        foreach v_hour in array hours loop
            continue when v_hour < v_now_hour;
            foreach v_minute in array minutes loop
                if v_hour > v_now_hour or v_minute > v_now_minute then
                    return v_day + make_time(v_hour, v_minute, 0);
                end if;
            end loop;
        end loop;
        v_day := _reproq_cron_day(v_today + 1, days, months, weekdays, either_day);
    end if;
    return v_day + make_time(hours[1], minutes[1], 0);
end;
$$;

comment on function _reproq_cron_local(
    timestamp, integer[], integer[], integer[], integer[], integer[], boolean
) is
'The first time on the calendar, in a later minute, that a cron expression names; no time zone is asked.';
