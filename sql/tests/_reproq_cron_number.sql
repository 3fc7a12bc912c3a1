begin;
select plan(6);

select is(_reproq_cron_number('7', 1, 'x'), 7, 'a number is itself');
select is(_reproq_cron_number('dec', 4, 'x'), 12, 'months have names');
select is(_reproq_cron_number('sun', 5, 'x'), 0, 'and weekdays');
select throws_ok(
    $$select _reproq_cron_number('60', 1, 'cron_expr: field 1 (minute)')$$, '22023',
    'cron_expr: field 1 (minute): "60" must be between 0 and 59', 'a number out of range is refused'
);
select throws_ok(
    $$select _reproq_cron_number('mon', 4, 'x')$$, '22023', 'x: "mon" is no name that is known here',
    'a weekday is no month'
);
select is(_reproq_cron_number('7', 5, 'x'), 7, 'Sunday may be 7');

select * from finish();
rollback;
