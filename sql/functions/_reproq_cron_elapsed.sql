create or replace function _reproq_cron_elapsed(
    after timestamptz,
    time_zone text,
    minutes integer[],
    hours integer[],
    days integer[],
    months integer[],
    weekdays integer[],
    either_day boolean
)
returns timestamptz
language plpgsql
stable
set search_path from current
as $$
declare
    -- Longer than the clocks have ever been put back at once.
    c_near constant interval := '26 hours';
    v_from timestamptz := after;
    v_local timestamp := after at time zone time_zone;
    v_match timestamp;
    v_at timestamptz;
    v_until timestamptz;
    v_shift timestamptz;
begin
    -- As far as the offset stays the same the calendar decides; where it changes, the search begins
    -- anew with the local time that the clocks show then, be it earlier or later than before.
    loop
        v_match := _reproq_cron_local(
            v_local, minutes, hours, days, months, weekdays, either_day
        );
        v_at := (
            v_match - ((v_from at time zone time_zone) - (v_from at time zone 'UTC'))
        ) at time zone 'UTC';
        v_until := least(v_at, v_from + c_near);
        v_shift := _reproq_cron_shift(v_from, v_until, time_zone);
        exit when v_shift is null and v_at = v_until;
        if v_shift is not null then
            v_from := v_shift;
            -- What the clocks show at that very instant may match.
            v_local := (v_from at time zone time_zone) - interval '1 microsecond';
        else
            -- Nothing matches before then, whatever the clocks do meanwhile.
            v_from := greatest(v_until, (v_match at time zone time_zone) - c_near);
            v_local := v_from at time zone time_zone;
        end if;
    end loop;
    return v_at;
end;
$$;

comment on function _reproq_cron_elapsed(
    timestamptz, text, integer[], integer[], integer[], integer[], integer[], boolean
) is
'The next instant at which the clocks of a time zone show a time that a cron expression names.';
