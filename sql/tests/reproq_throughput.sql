begin;
select plan(7);
\ir helpers/setup.sql

select is((select count(*) from reproq_throughput('1 hour', '1 minute')), 60::bigint, 'a row for each step');
select is((select sum(t.finished) from reproq_throughput() t), 0::numeric, 'of which none ended anything');
select enqueue('a') as a, enqueue('b') as b \gset
select claims(2), reproq_complete(:a, 1), advance('90 s'), reproq_fail(:b, 1, '{}', retry => false);
select results_eq(
    'select starts_at, finished, failed from reproq_throughput() where finished > 0',
    $$values (timestamptz '2100-01-01 12:00+00', 1::bigint, 0::bigint), ('2100-01-01 12:01+00', 1, 1)$$,
    'each end in the step in which it came'
);
select row_eq(
    $$select * from reproq_throughput('1 day', '1 day')$$,
    row(timestamptz '2100-01-01 00:00+00', 2::bigint, 1::bigint), 'in one step'
);
select throws_ok($$select reproq_throughput('1 hour', '1 month')$$, '22023', null, 'months differ');
select throws_ok($$select reproq_throughput('1 day', '1 second')$$, '22023', null, 'too many steps');
select throws_ok($$select reproq_throughput(null)$$, '22023');

select * from finish();
rollback;
