begin;
select no_plan();
\ir helpers/setup.sql

-- One statement with rows of every status, by another program.

insert into task_runs (spec_json, status, run_after, lock_key, concurrency_key, concurrency_limit, queue_name)
values
    ('{"task_path": "a.1"}', 'READY', null, 'l', 'k', 2, 'mail'),
    ('{"task_path": "a.2"}', 'READY', null, null, 'k', 0, 'default'),
    ('{"task_path": "a.3"}', 'READY', '2100-01-01 13:00Z', null, null, 0, 'default'),
    ('{"task_path": "a.4"}', 'RUNNING', null, 'm', 'r', 2, 'default'),
    ('{"task_path": "a.5"}', 'RUNNING', null, null, 'r', 2, 'default'),
    ('{"task_path": "a.6"}', 'RUNNING', null, null, 'r', 0, 'default'),
    ('{"task_path": "a.7"}', 'SUCCESSFUL', null, null, null, 0, 'default');
create temp view ticketed as
select r.task_path, t.* from reproq_ready t inner join task_runs r on r.result_id = t.result_id;
select results_eq(
    'select task_path, queue_name, lock_key, concurrency_key, concurrency_limit from ticketed order by 1',
    $$values
    ('a.1'::text, 'mail'::text, 'l'::text, 'k'::text, 2), ('a.2', 'default', null, null, 0)$$,
    'READY rows stand in line with their gates; a key without a limit is none'
);
select results_eq(
    'select r.task_path, t.run_after from reproq_scheduled t
    inner join task_runs r on r.result_id = t.result_id',
    $$values ('a.3'::text, '2100-01-01 13:00Z'::timestamptz)$$, 'future rows wait for their time'
);
select results_eq(
    'select r.task_path, t.lock_key, t.concurrency_key, t.slot, t.concurrency_limit from reproq_leases t
    inner join task_runs r on r.result_id = t.result_id order by 1',
    $$values
    ('a.4'::text, 'm'::text, 'r'::text, 1, 2), ('a.5', null, 'r', 2, 2), ('a.6', null, null, null, 0)$$,
    'RUNNING rows hold leases, each with a slot of its own'
);
insert into task_runs (spec_json, status, concurrency_key, concurrency_limit)
values ('{"task_path": "a.8"}', 'RUNNING', 'r', 2);
select is(
    (select max(slot) from reproq_leases), 3, 'also where more run than their limit allows: they do run'
);
select lives_ok('insert into task_runs (spec_json) select ''{}'' where false', 'no rows are no error');
-- An orphaned ticket that has the id of the next run (I52).
select last_value + 1 as next_id from task_runs_result_id_seq \gset
insert into reproq_scheduled (result_id, run_after) values (:next_id, '2000-01-01Z');
select is(
    reproq_enqueue('a.b', run_after => '2100-01-01 13:00Z'), :next_id, 'an orphan stops no enqueue'
);
select is(
    (select run_after from reproq_scheduled where result_id = :next_id), '2100-01-01 13:00Z',
    'and becomes the ticket of the run'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
