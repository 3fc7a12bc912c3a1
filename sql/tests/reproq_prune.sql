begin;
select no_plan();
\ir helpers/setup.sql

select started('ok') as ok, started('bad') as bad, enqueue('gone') as gone, enqueue('live') as live \gset
select reproq_complete(:ok, 1), reproq_fail(:bad, 1, '{}', false), reproq_cancel(:gone);
select advance('1 hour');
select started('new') as new \gset
select reproq_complete(:new, 1);

select is(
    reproq_prune('{SUCCESSFUL}', '1 hour 1 second'), 0, 'what finished more lately than that is kept'
);
select is(reproq_prune('{SUCCESSFUL}', '1 hour'), 1, 'what finished so long ago is deleted');
select is((run(:ok)).result_id, null, 'it is gone');
select is((run(:new)).status, 'SUCCESSFUL', 'a younger one is not');
select is(reproq_prune('{}', '0'), 0, 'no status, no runs');
select is(reproq_prune('{FAILED,CANCELLED}', '0'), 2, 'several statuses at once');
select is(in_words(:live), 'READY with ready', 'a live run is never pruned');

select started('a') as a, started('b') as b, started('c') as c \gset
select reproq_complete(:c, 1), advance('1 s'), reproq_complete(:a, 1), advance('1 s'),
    reproq_complete(:b, 1);
select is(reproq_prune('{SUCCESSFUL}', '0', 2), 2, 'at most max_tasks');
select is(
    array[(run(:new)).result_id, (run(:c)).result_id, (run(:a)).result_id, (run(:b)).result_id],
    array[null, null, :a, :b], 'the oldest first'
);

-- A result that a waiting run still needs stays, and so does one that a foreign key holds.

select started('needed') as needed \gset
select reproq_complete(:needed, 1);
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_edges (result_id, waits_for) values (:waiting, :needed), (:waiting, :live);
create table invoice (run_id bigint references task_runs);
insert into invoice values (:a);
select is(reproq_prune('{SUCCESSFUL}', '0'), 1, 'the others are pruned');
select is((run(:needed)).result_id, :needed, 'a result that a live dependant needs is kept');
select is((run(:a)).result_id, :a, 'one that a foreign key of the user''s points at is kept');
select is((run(:b)).result_id, null, 'it does not keep its neighbours');
select is(reproq_prune('{SUCCESSFUL}', '0'), 0, 'and is not an error');
delete from invoice;
select is(reproq_prune('{SUCCESSFUL}', '0'), 1, 'released by the user it goes');
select reproq_cancel(:waiting);
select is(reproq_prune('{SUCCESSFUL,CANCELLED}', '0'), 2, 'so do a workflow''s runs once all have ended');
select is_empty('select 1 from reproq_edges', 'with their edges');

select throws_ok('select reproq_prune(' || b.arguments || ')', '22023', b.message, b.name)
from (values
    ('null statuses', $$null, '0'$$, 'statuses: must be of SUCCESSFUL, FAILED and CANCELLED'),
    ('a live status', $$'{SUCCESSFUL,READY}', '0'$$, 'statuses: must be of SUCCESSFUL, FAILED and CANCELLED'),
    ('a null status', $$array['FAILED', null], '0'$$, null),
    ('a status in lower case', $$'{failed}', '0'$$, null),
    ('a null age', $$'{FAILED}', null$$, 'older_than: must be between 0 and 1000 years'),
    ('a negative age', $$'{FAILED}', '-1 s'$$, 'older_than: must be between 0 and 1000 years'),
    ('an age beyond all time', $$'{FAILED}', '200000 years'$$, 'older_than: must be between 0 and 1000 years'),
    ('max_tasks 0', $$'{FAILED}', '0', 0$$, 'max_tasks: must be between 1 and 100000'),
    ('max_tasks above 100000', $$'{FAILED}', '0', 100001$$, 'max_tasks: must be between 1 and 100000'),
    ('null max_tasks', $$'{FAILED}', '0', null$$, null)
) b (name, arguments, message);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
