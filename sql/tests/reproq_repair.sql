begin;
select no_plan();
\ir helpers/setup.sql

select started('running', '{"lock_key": "l"}') as running, enqueue('blocked', '{"lock_key": "l"}') as blocked \gset
select claims();
select enqueue('ready') as ready, enqueue('later', '{"run_in": 60}') as later, started('done') as done \gset
select reproq_complete(:done, 1);
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_edges values (:waiting, :ready);
select is(reproq_repair(), 0, 'a queue that is in order is left alone');

delete from reproq_scheduled;
delete from reproq_blocked;
delete from reproq_ready;
delete from reproq_leases;
insert into reproq_scheduled values (:done, now());
select is(reproq_repair(), 5, 'four tickets issued anew, one removed');
select is(in_words(r.id), r.words, r.words)
from (values
    (:running, 'RUNNING with lease'), (:blocked, 'READY with ready'), (:ready, 'READY with ready'),
    (:later, 'SCHEDULED with scheduled'), (:done, 'SUCCESSFUL with none'), (:waiting, 'WAITING with none')
) r (id, words);
select is(
    (select (lease_no, lock_key)::text from reproq_leases), '(1,l)',
    'the lease has the number of its record, and its lock'
);
select is(claims(5), 'ready', 'which goes on keeping others out');
select lives_ok(format('select reproq_complete(%s, 1)', :running), 'its worker may finish it');
select is(reproq_repair(), 0, 'a second repair finds nothing to do');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
