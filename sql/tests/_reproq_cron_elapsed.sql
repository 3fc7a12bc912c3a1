begin;
select plan(5);

set local time zone 'UTC';
create function next(expr text, after timestamptz, zone text)
returns timestamptz
language sql
as $$
    select _reproq_cron_elapsed(
        after, zone, r.minutes, r.hours, r.days, r.months, r.weekdays, r.either_day
    )
    from _reproq_cron_read(expr) r
$$;

select is(next('30 * * * *', '2026-03-08 09:30', 'America/Los_Angeles'), '2026-03-08 10:30', 'over a gap');
select is(next('30 * * * *', '2021-11-07 08:30', 'America/Los_Angeles'), '2021-11-07 09:30', 'both of two');
select is(next('0 */2 * * *', '2026-03-08 08:00', 'America/Los_Angeles'), '2026-03-08 11:00', 'what a gap swallows is left out');
select is(next('0 * 29 2 *', '2024-03-01', 'Europe/Berlin'), '2028-02-28 23:00', 'years away');
select is(next('15 * * * *', '2026-04-04 14:45', 'Australia/Lord_Howe'), '2026-04-04 15:45', 'half an hour back');

select * from finish();
rollback;
