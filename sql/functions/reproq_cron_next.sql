create or replace function reproq_cron_next(
    cron_expr text,
    after timestamptz,
    time_zone text default 'UTC'
)
returns timestamptz
language plpgsql
stable
set search_path from current
as $$
declare
    v_cron record;
    v_local timestamp;
    v_at timestamptz;
begin
    if cron_expr is null then
        perform _reproq_refuse('cron_expr', 'must not be null', '22004');
    elsif after is null then
        perform _reproq_refuse('after', 'must not be null', '22004');
    elsif time_zone is null then
        perform _reproq_refuse('time_zone', 'must not be null', '22004');
    elsif after not between '0001-01-02' and '9999-12-30' then
        perform _reproq_refuse('after', 'must be a finite time between the years 1 and 9999');
    end if;
    perform _reproq_check_time_zone(time_zone);
    v_cron := _reproq_cron_read(cron_expr);

    if v_cron.every_hour then
        return _reproq_cron_elapsed(
            after, time_zone, v_cron.minutes, v_cron.hours, v_cron.days, v_cron.months,
            v_cron.weekdays, v_cron.either_day
        );
    end if;
    -- A time on the clock happens once: where the clocks skip it right after, where they show it
    -- twice the first time, which may already be over.
    v_local := after at time zone time_zone;
    loop
        v_local := _reproq_cron_local(
            v_local, v_cron.minutes, v_cron.hours, v_cron.days, v_cron.months, v_cron.weekdays,
            v_cron.either_day
        );
        v_at := _reproq_cron_instant(v_local, time_zone);
        exit when v_at > after;
    end loop;
    return v_at;
end;
$$;

comment on function reproq_cron_next(text, timestamptz, text) is
'The next time, strictly later, that a cron expression names on the clocks of a time zone. A time that the clocks skip counts as the first instant after the gap, one that they show twice as the first; a wildcard hour follows elapsed time. Errors: 22004, 22023 naming the parameter, and of an expression the field and its place.';
