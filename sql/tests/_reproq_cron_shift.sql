begin;
select plan(5);

set local time zone 'UTC';
select is(
    _reproq_cron_shift('2026-03-08 00:00:00.5', '2026-03-09', 'America/Los_Angeles'), '2026-03-08 10:00:00',
    'forward'
);
select is(
    _reproq_cron_shift('2025-11-02 08:59:59.9', '2025-11-02 09:00', 'America/Los_Angeles'), '2025-11-02 09:00',
    'back, found between two instants'
);
select is(_reproq_cron_shift('2025-11-02 09:00', '2025-11-03', 'America/Los_Angeles'), null, 'not the one at first');
select is(_reproq_cron_shift('2026-03-08', '2026-03-09', 'Asia/Kathmandu'), null, 'none');
select is(_reproq_cron_shift('2011-12-30', '2011-12-31', 'Pacific/Apia'), '2011-12-30 10:00:00', 'over a day');

select * from finish();
rollback;
