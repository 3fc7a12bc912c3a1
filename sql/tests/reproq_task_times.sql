begin;
select plan(5);
\ir helpers/setup.sql

select is_empty('select * from reproq_task_times()', 'nothing has finished');
select enqueue('a') as a, enqueue('b') as b, enqueue('c', '{"task_path": "shop.tasks.slow"}') as c,
    enqueue('d') as d \gset
select reproq_cancel(:d);
select claims(3), advance('2 s'), reproq_complete(:a, 1);
select advance('2 s'), reproq_fail(:b, 1, '{}', retry => false);
select advance('5 s'), reproq_complete(:c, 1);
select results_eq(
    'select task_path, runs, failed, avg_run, longest_run, longest_id from reproq_task_times()',
    format($$values
        ('shop.tasks.slow', 1::bigint, 0::bigint, 9::double precision, 9::double precision, %s),
        ('shop.tasks.work', 2, 1, 3, 4, %s)$$, :c, :b),
    'the slowest first; what never started is left out'
);
select is((select count(*) from reproq_task_times('1 hour', 1)), 1::bigint, 'the last runs alone');
select advance('1 day');
select is_empty('select * from reproq_task_times()', 'of this time alone');
select throws_ok('select reproq_task_times(max_runs => 0)', '22023');

select * from finish();
rollback;
