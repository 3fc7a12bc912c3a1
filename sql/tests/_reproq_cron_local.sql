begin;
select plan(6);

create function local_after(after timestamp)
returns text
language sql
as $$
    select _reproq_cron_local(
        after, '{10,30}', '{8,20}', '{2,3}', '{5}', '{0,1,2,3,4,5,6}', false
    )::text
$$;

select is(local_after('2026-05-02 00:00'), '2026-05-02 08:10:00', 'the first of the day');
select is(local_after('2026-05-02 08:10'), '2026-05-02 08:30:00', 'strictly later');
select is(local_after('2026-05-02 08:29:59.999999'), '2026-05-02 08:30:00', 'by a moment');
select is(local_after('2026-05-02 08:30:01'), '2026-05-02 20:10:00', 'the next hour');
select is(local_after('2026-05-02 20:30'), '2026-05-03 08:10:00', 'the next day');
select is(local_after('2026-05-03 23:59'), '2027-05-02 08:10:00', 'the next year');

select * from finish();
rollback;
