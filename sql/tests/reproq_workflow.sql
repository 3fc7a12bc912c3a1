begin;
select plan(4);
\ir helpers/setup.sql

select min(w.result_id) as a, max(w.result_id) as b from reproq_enqueue_workflow(
    '[{"key": "one", "task_path": "a.b"}, {"key": "two", "task_path": "a.c", "after": ["one"]}]'
) w \gset
select r.workflow_id as flow from task_runs r where r.result_id = :a \gset
select results_eq(
    format('select result_id, workflow_key, task_path, status, waits_for from reproq_workflow(%L)', :'flow'),
    format($$values (%1$s, 'one', 'a.b', 'READY', '{}'::bigint[]), (%2$s, 'two', 'a.c', 'WAITING', '{%1$s}')$$, :a, :b),
    'the runs and whom they wait for'
);
select is((select count(*) from reproq_workflow(:'flow', 1)), 1::bigint, 'the first of them');
select is_empty($$select * from reproq_workflow('00000000-0000-0000-0000-000000000000')$$, 'of no other workflow');
select throws_ok($$select * from reproq_workflow(null, 0)$$, '22023');

select * from finish();
rollback;
