begin;
select plan(24);

select is(
    (select r.every_hour::text || r.either_day from _reproq_cron_read(e.expr) r), e.flags,
    e.expr || ': wildcard hour, either day'
)
from (
    values
        ('0 * * * *', 'truefalse'), ('0 */2 * * *', 'truefalse'), ('0 0-23 * * *', 'falsefalse'),
        ('0 0 1 * 1', 'falsetrue'), ('0 0 */2 * 1', 'falsefalse'), ('0 0 1 * */2', 'falsefalse'),
        ('0 0 1 * *', 'falsefalse')
) e (expr, flags);

select is(
    (select (r.minutes, r.hours, r.days, r.months, r.weekdays)::text from _reproq_cron_read(E'\t1  2 3 4\t5 ') r),
    '({1},{2},{3},{4},{5})', 'fields are separated by spaces and tabs'
);
select is(_reproq_cron_read(n.name), _reproq_cron_read(n.meaning), n.name)
from (
    values
        ('@hourly', '0 * * * *'), ('@daily', '0 0 * * *'), ('@midnight', '0 0 * * *'),
        ('@Weekly', '0 0 * * 0'), ('@monthly', '0 0 1 * *'), ('@yearly', '0 0 1 1 *'),
        ('@annually', '0 0 1 1 *')
) n (name, meaning);

select throws_ok(
    'select _reproq_cron_read(''30 2 31 2,4 *'')', '22023',
    'cron_expr: field 3 (day of month): no month of field 4 has a day 31: the expression never matches',
    'what never comes is refused'
);
select lives_ok(
    format('select _reproq_cron_read(%L)', e.expr), e.expr || ' comes'
)
from (values ('0 0 29 2 *'), ('0 0 31 2 1'), ('0 0 30,31 1-2 *')) e (expr);
select throws_ok(
    'select _reproq_cron_read(''@reboot'')', '22023',
    'cron_expr: "@reboot" is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually',
    'other names are refused'
);
select throws_like(
    'select _reproq_cron_read('''')', 'cron_expr: has 0 fields, not the five of %', 'nothing is no expression'
);
select throws_like(
    'select _reproq_cron_read(''0 * * * * *'')', 'cron_expr: has 6 fields%', 'there are no seconds'
);
select throws_ok(
    'select _reproq_cron_read(repeat(''1,'', 5000) || ''1 * * * *'')', '22023',
    'cron_expr: must be at most 1000 characters long', 'ten kilobytes are too many'
);
select throws_ok(
    'select _reproq_cron_read(''0 0 L * *'')', '22023',
    'cron_expr: field 3 (day of month): "l" cannot be read', 'an error names its field'
);

select * from finish();
rollback;
