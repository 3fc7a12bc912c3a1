begin;
select no_plan();
\ir helpers/setup.sql

-- Records that are deleted take their tickets, leases and edges along (I53).

select started('running', '{"lock_key": "l"}') as running, started('done') as done \gset
select reproq_complete(:done, 1);
select enqueue('blocked', '{"lock_key": "l", "priority": 999}') as blocked,
    enqueue('behind', '{"lock_key": "l", "priority": 998}') as behind \gset
select claims();
select enqueue('ready') as ready, enqueue('other') as other, enqueue('later', '{"run_in": 60}') as later \gset
delete from task_runs where result_id in (:ready, :later, :blocked);
select is(
    array[tickets_of(:ready), tickets_of(:later), tickets_of(:blocked)], array['none', 'none', 'none'],
    'tickets of every kind go with their records'
);
select is(in_words(:other), 'READY with ready', 'those of others stay');
delete from task_runs where result_id = :running;
select is(tickets_of(:running), 'none', 'so does a lease');
select is(in_words(:behind), 'READY with ready', 'and whoever waited for its lock wakes');
select is((run(:done)).status, 'SUCCESSFUL', 'finished runs are not touched');
delete from task_runs where result_id = :done;
select lives_ok('delete from task_runs where false', 'deleting nothing is no error');

-- Dependants of what is gone.

delete from task_runs;
select enqueue('p') as p, enqueue('q') as q \gset
select started('s') as s \gset
select reproq_complete(:s, 1);
insert into task_runs (spec_json, status)
values ('{"task_path": "a.1"}', 'WAITING') returning result_id as w1 \gset
insert into task_runs (spec_json, status)
values ('{"task_path": "a.2"}', 'WAITING') returning result_id as w2 \gset
insert into task_runs (spec_json, status)
values ('{"task_path": "a.3"}', 'WAITING') returning result_id as w3 \gset
insert into reproq_edges values (:w1, :p), (:w1, :q), (:w2, :w1), (:w3, :s), (:w3, :q);
delete from task_runs where result_id = :s;
select is((run(:w3)).status, 'WAITING', 'who waited for a run that had succeeded still waits for the other');
delete from task_runs where result_id = :p;
select is(
    array[in_words(:w1), in_words(:w2)], array['FAILED with none', 'FAILED with none'],
    'who waited for a run that had not ends, with all that wait for it (I27)'
);
select is(
    (run(:w2)).errors_json #>> '{0,message}', format('workflow_failed: run %s did not succeed', :p),
    'and says which one it was'
);
select results_eq(
    'select result_id, waits_for from reproq_edges order by 1',
    format('values (%s, %s), (%s, %s), (%s, %s)', :w1, :q, :w2, :w1, :w3, :q),
    'edges from or to it are gone, and no others'
);
delete from task_runs where result_id in (:w1, :w2, :w3, :q);
select is_empty('select 1 from reproq_edges', 'a whole workflow goes at once');
select is_empty('select 1 from reproq_ready', 'without a ticket left');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
