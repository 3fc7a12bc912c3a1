create or replace function _reproq_cron_instant(local timestamp, time_zone text)
returns timestamptz
language plpgsql
stable
set search_path from current
as $$
declare
    v_at timestamptz := local at time zone time_zone;
    v_shown timestamp := v_at at time zone time_zone;
    v_day_before timestamptz := v_at - interval '24 hours';
    v_earlier timestamptz;
begin
    -- In a gap Postgres reckons with the offset from before it, and comes out behind it by as much
    -- as local lies inside it.
    if v_shown <> local then
        return _reproq_cron_shift(v_at - (v_shown - local), v_at, time_zone);
    end if;
    -- Of a repeated time it takes the second.
    v_earlier := (
        local - ((v_day_before at time zone time_zone) - (v_day_before at time zone 'UTC'))
    ) at time zone 'UTC';
    if v_earlier < v_at and v_earlier at time zone time_zone = local then
        return v_earlier;
    end if;
    return v_at;
end;
$$;

comment on function _reproq_cron_instant(timestamp, text) is
'When the clocks of a time zone first show a local time; for one that they skip, the first instant after the gap.';
