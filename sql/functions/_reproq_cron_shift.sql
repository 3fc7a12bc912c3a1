create or replace function _reproq_cron_shift(
    first timestamptz,
    last timestamptz,
    time_zone text
)
returns timestamptz
language plpgsql
stable
set search_path from current
as $$
declare
    v_offset interval := (first at time zone time_zone) - (first at time zone 'UTC');
    -- Clocks are put forward and back at whole seconds.
    v_before bigint := floor(extract(epoch from first));
    v_after bigint := floor(extract(epoch from last));
    v_middle bigint;
begin
    if (last at time zone time_zone) - (last at time zone 'UTC') = v_offset then
        return null;
    end if;
    while v_after - v_before > 1 loop
        v_middle := (v_before + v_after) / 2;
        if (to_timestamp(v_middle) at time zone time_zone)
            - (to_timestamp(v_middle) at time zone 'UTC') = v_offset then
            v_before := v_middle;
        else
            v_after := v_middle;
        end if;
    end loop;
    return to_timestamp(v_after);
end;
$$;

comment on function _reproq_cron_shift(timestamptz, timestamptz, text) is
'When, after first and not after last, the clocks of a time zone are put forward or back; null when they are not. No zone does it twice within two days.';
