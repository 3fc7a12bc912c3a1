begin;
select plan(7);

set local time zone 'UTC';
select is(_reproq_cron_instant(i.local, i.zone), i.instant, i.name)
from (
    values
        ('2026-01-01 12:00'::timestamp, 'Asia/Kathmandu', '2026-01-01 06:15'::timestamptz, 'plain'),
        ('2026-03-08 02:00', 'America/Los_Angeles', '2026-03-08 10:00', 'where the gap begins'),
        ('2026-03-08 02:59', 'America/Los_Angeles', '2026-03-08 10:00', 'where it ends'),
        ('2026-03-08 03:00', 'America/Los_Angeles', '2026-03-08 10:00', 'after it'),
        ('2021-11-07 01:30', 'America/Los_Angeles', '2021-11-07 08:30', 'of two, the first'),
        ('2021-11-07 02:00', 'America/Los_Angeles', '2021-11-07 10:00', 'once again one'),
        ('2011-12-30 12:00', 'Pacific/Apia', '2011-12-30 10:00', 'a day that never was')
) i (local, zone, instant, name);

select * from finish();
rollback;
