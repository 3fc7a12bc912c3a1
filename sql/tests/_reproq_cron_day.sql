begin;
select plan(6);

create function day(earliest date, days integer[], months integer[], weekdays integer[], either_day boolean)
returns text
language sql
as 'select _reproq_cron_day(earliest, days, months, weekdays, either_day)::text';

set local time zone 'America/St_Johns';
select is(day('2026-03-01', '{1}', '{3}', '{0,1,2,3,4,5,6}', false), '2026-03-01', 'the earliest may be it');
select is(day('2026-03-02', '{1}', '{3}', '{0,1,2,3,4,5,6}', false), '2027-03-01', 'else a later one');
select is(day('2026-03-02', '{13}', '{1,2,3,4,5,6,7,8,9,10,11,12}', '{5}', false), '2026-03-13', 'both: Friday 13th');
select is(day('2026-03-02', '{13}', '{1,2,3,4,5,6,7,8,9,10,11,12}', '{5}', true), '2026-03-06', 'either: a Friday');
select is(day('2073-01-01', '{29}', '{2}', '{0}', false), '2088-02-29', 'a 29 February on a Sunday');
select is(day('2088-03-01', '{29}', '{2}', '{0}', false), '2128-02-29', 'is forty years away at most');

select * from finish();
rollback;
