create or replace function _reproq_cron_day(
    earliest date,
    days integer[],
    months integer[],
    weekdays integer[],
    either_day boolean
)
returns date
language plpgsql
stable
set search_path from current
as $$
declare
    v_day date := earliest;
    v_in_month boolean;
    v_in_week boolean;
begin
    -- Month by month, then day by day: the rarest day, a 29 February on a given weekday, is at most
    -- 40 years away.
    loop
        if extract(month from v_day)::integer = any(months) then
            v_in_month := extract(day from v_day)::integer = any(days);
            v_in_week := extract(dow from v_day)::integer = any(weekdays);
            exit when v_in_month and v_in_week or either_day and (v_in_month or v_in_week);
            v_day := v_day + 1;
        else
            v_day := date_trunc('month', v_day::timestamp) + interval '1 month';
        end if;
    end loop;
    return v_day;
end;
$$;

comment on function _reproq_cron_day(date, integer[], integer[], integer[], boolean) is
'The first day, not before the earliest, that a cron expression names.';
