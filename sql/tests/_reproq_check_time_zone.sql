begin;
select plan(15);

select ok(_reproq_check_time_zone(z.name), z.name)
from (
    values
        ('UTC'), ('Asia/Kathmandu'), ('America/Argentina/Buenos_Aires'), ('Etc/GMT+5'), ('EST5EDT'),
        ('America/Port-au-Prince')
) z (name);
select throws_ok(
    format('select _reproq_check_time_zone(%L)', z.name), '22023',
    format('time_zone: "%s" is no time zone that is known here', left(z.name, 60)),
    coalesce(nullif(left(z.name, 40), ''), 'nothing')
)
from (values (''), (' '), ('UTC+3'), ('Mars/Phobos5'), ('+03:00'), ('<x>-3'), ('3'), (repeat('9', 10000))) z (name);
select throws_ok(
    $$select _reproq_check_time_zone('Mars/Phobos')$$, '22023',
    'time_zone: "Mars/Phobos" is no time zone that is known here', 'an unknown one is named'
);

select * from finish();
rollback;
