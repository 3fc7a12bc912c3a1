begin;
select plan(3);
\ir helpers/setup.sql

select started('a') as a, enqueue('b', '{"queue": "mail", "priority": 3}') as b \gset
select results_eq(
    format('select result_id, status, queue_name, task_path, priority, attempts from reproq_states(array[%s, 0, %s])', :b, :a),
    format(
        $$ values (%s::bigint, 'READY', 'mail', 'shop.tasks.work', 3, 0),
            (%s, 'RUNNING', 'default', 'shop.tasks.work', 1000, 1) $$,
        :b, :a
    ),
    'runs in the order of the ids, without those that do not exist'
);
select is_empty('select * from reproq_states(null)', 'no ids, no rows');
select reproq_fail(:a, 1, '{"message": "secret"}', retry => false);
select ok(
    (select to_jsonb(s)::text from reproq_states(array[:a]) s) !~ 'secret', 'a message is not shown'
);

select * from finish();
rollback;
