create or replace function _reproq_cron_read(
    cron_expr text,
    out minutes integer[],
    out hours integer[],
    out days integer[],
    out months integer[],
    out weekdays integer[],
    out either_day boolean,
    out every_hour boolean
)
language plpgsql
stable
set search_path from current
as $$
declare
    v_expr text := btrim(cron_expr, ' ' || chr(9));
    v_fields text[];
begin
    if length(cron_expr) > 1000 then
        perform _reproq_refuse('cron_expr', 'must be at most 1000 characters long');
    end if;
    v_expr := case lower(v_expr collate "C")
        when '@hourly' then '0 * * * *'
        when '@daily' then '0 0 * * *'
        when '@midnight' then '0 0 * * *'
        when '@weekly' then '0 0 * * 0'
        when '@monthly' then '0 0 1 * *'
        when '@yearly' then '0 0 1 1 *'
        when '@annually' then '0 0 1 1 *'
        else v_expr
    end;
    if v_expr like '@%' then
        perform _reproq_refuse(
            'cron_expr',
            format(
                '"%s" is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually',
                left(v_expr, 40)
            )
        );
    end if;
    v_fields := regexp_split_to_array(v_expr, '[ \t]+');
    if v_expr = '' or cardinality(v_fields) <> 5 then
        perform _reproq_refuse(
            'cron_expr',
            format(
                'has %s fields, not the five of minute, hour, day of month, month, day of week',
                case when v_expr = '' then 0 else cardinality(v_fields) end
            )
        );
    end if;

    minutes := _reproq_cron_field(v_fields[1], 1);
    hours := _reproq_cron_field(v_fields[2], 2);
    days := _reproq_cron_field(v_fields[3], 3);
    months := _reproq_cron_field(v_fields[4], 4);
    weekdays := _reproq_cron_field(v_fields[5], 5);
    -- As in Vixie cron a field that begins with a star is no restriction, and two restrictions on
    -- the day are alternatives. (Else both must hold, which a star with a step may still narrow.)
    either_day := v_fields[3] not like '*%' and v_fields[5] not like '*%';
    every_hour := v_fields[2] like '*%';

    -- Every day of the year falls on every weekday some time, so only this can never come.
    if not either_day and days[1] > (
        select max((array[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[m.month])
        from unnest(months) m (month)
    ) then
        perform _reproq_refuse(
            'cron_expr: field 3 (day of month)',
            format('no month of field 4 has a day %s: the expression never matches', days[1])
        );
    end if;
end;
$$;

comment on function _reproq_cron_read(text) is
'A cron expression in values: either_day says that one of days and weekdays is enough, every_hour that the hour is a wildcard. Errors: 22023 naming the field.';
