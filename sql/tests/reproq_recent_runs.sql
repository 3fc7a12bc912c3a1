begin;
select plan(5);
\ir helpers/setup.sql

select is_empty('select * from reproq_recent_runs()', 'nothing was enqueued');
select enqueue('a') as a, enqueue('b') as b, enqueue('c') as c \gset
select reproq_cancel(:b);
select results_eq(
    'select result_id, status from reproq_recent_runs(2)',
    format($$values (%s::bigint, 'READY'), (%s, 'CANCELLED')$$, :c, :b), 'the latest first, whatever became of it'
);
select is_empty('select * from reproq_recent_runs(0)', 'none');
select throws_ok('select reproq_recent_runs(1001)', '22023');
select throws_ok('select reproq_recent_runs(null)', '22023');

select * from finish();
rollback;
