begin;
select no_plan();

select lives_ok(format('select _reproq_check_lease(%L)', v), v || ' is a length for a lease')
from unnest('{1 millisecond,5 minutes,30 days}'::text[]) v;
select throws_ok(
    format('select _reproq_check_lease(%L)', v), '22023', 'lease: must be above 0 and at most 30 days',
    coalesce(v, 'null') || ' is none'
)
from unnest('{null,0,-1 second,999 microseconds,30 days 1 second,1 month 1 day}'::text[]) v;

select * from finish();
rollback;
