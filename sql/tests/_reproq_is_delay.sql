begin;
select no_plan();

select ok(_reproq_is_delay(v), v || ' is a delay')
from unnest('{0,30,1.5,2 hours,1:30,P1D,10 years}'::text[]) v;
select ok(_reproq_is_delay(v) is not true, coalesce(v, 'null') || ' is none')
from unnest(array[
    '-1', '-1 s', '10 years 1 s', 'soon', '', 'infinity', '1e400', '99999999999999999999 years',
    '178000000 years', '1 lightyear', null
]) v;

select * from finish();
rollback;
