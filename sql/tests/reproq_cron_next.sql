begin;
select no_plan();

set local time zone 'UTC';

-- One call after the other: the slots that follow a time.
create function slots(expr text, after timestamptz, zone text, number integer default 3)
returns text
language plpgsql
as $$
declare
    v_at timestamptz := after;
    v_slots text[] := '{}';
begin
    for i in 1..number loop
        v_at := reproq_cron_next(expr, v_at, zone);
        v_slots := v_slots || to_char(v_at at time zone zone, 'MM-DD HH24:MI');
    end loop;
    return array_to_string(v_slots, ', ');
end;
$$;

select is(slots('*/5 * * * *', '2026-01-01 00:00', 'UTC'), '01-01 00:05, 01-01 00:10, 01-01 00:15', 'every five minutes');
select is(slots('0 9 * * mon-fri', '2026-01-02 09:00', 'UTC', 2), '01-05 09:00, 01-06 09:00', 'on workdays');
select is(slots('0 0 13 * 5', '2026-02-01', 'UTC', 3), '02-06 00:00, 02-13 00:00, 02-20 00:00', 'a 13th or a Friday');
select is(slots('0 0 1 1 7', '2026-12-30', 'UTC', 2), '01-01 00:00, 01-03 00:00', 'Sunday is 7, too');
select is(reproq_cron_next('@yearly', '2026-01-01'), '2027-01-01', 'strictly later, in UTC by default');
select is(reproq_cron_next('* * * * *', '2026-01-01 00:00:00.000001'), '2026-01-01 00:01', 'in the next whole minute');
set local time zone 'America/New_York';
select is(reproq_cron_next('0 12 * * *', '2026-01-01 00:00+00'), '2026-01-01 12:00+00', 'the session''s time zone does not matter');
set local time zone 'UTC';

-- Daylight saving (I35).

select is(
    slots('30 2 * * *', '2026-03-07 12:00', 'America/Los_Angeles'), '03-08 03:00, 03-09 02:30, 03-10 02:30',
    'Los Angeles: what the clocks skip happens once, right after'
);
select is(
    slots('*/20 2 * * *', '2026-03-07 12:00', 'America/Los_Angeles', 2), '03-08 03:00, 03-09 02:00',
    'and all that they skip together happens once'
);
select is(
    slots('0 2,3 * * *', '2026-03-08 08:00', 'America/Los_Angeles', 2), '03-08 03:00, 03-09 02:00',
    'also with what belongs there anyway'
);
select is(
    slots('30 * * * *', '2026-03-08 09:00', 'America/Los_Angeles', 2), '03-08 01:30, 03-08 03:30',
    'a wildcard hour follows elapsed time over the gap'
);
select is(
    slots('30 1 * * *', '2021-11-07 07:00', 'America/Los_Angeles', 2), '11-07 01:30, 11-08 01:30',
    'what the clocks show twice happens once'
);
select is(reproq_cron_next('30 1 * * *', '2021-11-07 07:00', 'America/Los_Angeles'), '2021-11-07 08:30', 'the first time');
select is(
    reproq_cron_next('45 1 * * *', '2021-11-07 09:30', 'America/Los_Angeles'), '2021-11-08 09:45',
    'and not once more for who asks during the second'
);
select is(
    slots('*/30 * * * *', '2021-11-07 07:30', 'America/Los_Angeles', 6),
    '11-07 01:00, 11-07 01:30, 11-07 01:00, 11-07 01:30, 11-07 02:00, 11-07 02:30',
    'a wildcard hour follows elapsed time through both'
);
select is(
    slots('30 2 * * *', '2026-03-28 12:00', 'Europe/Berlin', 2) || ' ' || slots('30 2 * * *', '2026-10-24 12:00', 'Europe/Berlin', 2),
    '03-29 03:00, 03-30 02:30 10-25 02:30, 10-26 02:30', 'Berlin'
);
select is(
    slots('15 2 * * *', '2026-10-03 00:00', 'Australia/Lord_Howe', 2) || ' ' || slots('45 1 * * *', '2026-04-04 00:00', 'Australia/Lord_Howe', 2),
    '10-04 02:30, 10-05 02:15 04-05 01:45, 04-06 01:45', 'Lord Howe: half an hour'
);
select is(
    slots('0 12 * * *', '2011-12-29 00:00', 'Pacific/Apia', 3), '12-29 12:00, 12-31 00:00, 12-31 12:00',
    'Apia: a day that was missing'
);
select is(
    slots('0 */12 * * *', '2011-12-29 12:00', 'Pacific/Apia', 3), '12-29 12:00, 12-31 00:00, 12-31 12:00',
    'with a wildcard hour nothing is made up for it'
);
select is(reproq_cron_next('0 6 * * *', '2026-01-01', 'Asia/Kathmandu'), '2026-01-01 00:15', 'Kathmandu: a quarter of an hour');

-- Never and nothing.

select throws_ok(
    format('select reproq_cron_next(%L, ''2026-01-01'')', e.expr), '22023', null, e.expr || ' is refused'
)
from (
    values
        (''), ('* * * *'), ('* * * * * *'), ('60 * * * *'), ('*/0 * * * *'), ('5-1 * * * *'), ('1- * * * *'),
        (', * * * *'), ('30 2 31 2 *'), ('* * L * *'), ('* * * * 1#2'), ('* * ? * *'), ('* 24 * * *'),
        ('* * 0 * *'), ('* * 32 * *'), ('* * * 13 *'), ('* * * * 8'), ('٣ * * * *'), ('@reboot'), ('nonsense'),
        (E'*\n* * * *')
) e (expr);
select throws_ok(
    $$select reproq_cron_next('0 60 * * *', '2026-01-01')$$, '22023',
    'cron_expr: field 2 (hour): "60" must be between 0 and 23', 'field and place are named'
);
select throws_ok(
    $$select reproq_cron_next('* * * * *', '2026-01-01', 'Mars/Phobos')$$, '22023',
    'time_zone: "Mars/Phobos" is no time zone that is known here', 'so is a time zone'
);
select throws_ok(
    $$select reproq_cron_next('* * * * *', 'infinity')$$, '22023',
    'after: must be a finite time between the years 1 and 9999', 'and a time without end'
);
select throws_ok(
    $$select reproq_cron_next(null, '2026-01-01')$$, '22004', 'cron_expr: must not be null', 'null: cron_expr'
);
select throws_ok(
    $$select reproq_cron_next('* * * * *', null)$$, '22004', 'after: must not be null', 'null: after'
);
select throws_ok(
    $$select reproq_cron_next('* * * * *', '2026-01-01', null)$$, '22004', 'time_zone: must not be null', 'null: time_zone'
);

select * from finish();
rollback;
