begin;
select plan(8);
\ir helpers/setup.sql

select started('a') as a, enqueue('b') as b \gset
select reproq_complete(:a, 1, '{"x": 1}');
select results_eq(
    format('select result_id, status, return_json, attempts from reproq_results(array[%s, %s, %1$s, 0, null])', :b, :a),
    format(
        $$ values (%s::bigint, 'READY', null::jsonb, 0), (%s, 'SUCCESSFUL', '{"x": 1}', 1), (%1$s, 'READY', null, 0) $$,
        :b, :a
    ),
    'runs in the order of the ids, without those that do not exist'
);
select is_empty('select * from reproq_results(null)', 'no ids, no rows');
select is((run(:a)).enqueued_by, null, 'what the owner of the tables enqueues bears no name');

-- Where roles are told apart: the functions work with the rights of their owner.
create role reproq_tap_app;
create role reproq_tap_shop;
create role reproq_tap_team;
grant reproq_tap_team to reproq_tap_shop;
alter function reproq_enqueue_many(jsonb, jsonb) security definer;
alter function reproq_results(bigint[]) security definer;
revoke all on function reproq_explain(bigint) from public;

set local role reproq_tap_app;
select e.result_id as mine from reproq_enqueue_many('[{"task_path": "a.mine"}]') e \gset
set local role reproq_tap_team;
select e.result_id as ours from reproq_enqueue_many('[{"task_path": "a.ours"}]') e \gset

prepare seen as select r.result_id from reproq_results(array[:a, :mine, :ours]) r;
set local role reproq_tap_app;
select results_eq('seen', format('values (%s::bigint)', :mine), 'a producer sees what it has enqueued');
set local role reproq_tap_shop;
select results_eq('seen', format('values (%s::bigint)', :ours), 'or a role whose rights it has');
reset role;
grant execute on function reproq_explain(bigint) to reproq_tap_app;
set local role reproq_tap_app;
select results_eq(
    'seen', format('values (%s::bigint), (%s), (%s)', :a, :mine, :ours), 'an operator sees every run'
);
reset role;
select results_eq(
    'seen', format('values (%s::bigint), (%s), (%s)', :a, :mine, :ours), 'so does who has the tables'
);
update task_runs set enqueued_by = 'gone' where result_id = :mine;
revoke execute on function reproq_explain(bigint) from reproq_tap_app;
set local role reproq_tap_app;
select is_empty('seen', 'a run of a role that was dropped is nobody''s');
reset role;

select * from finish();
rollback;
