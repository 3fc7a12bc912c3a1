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

-- Those that a foreign key holds do not hide the ones behind them.

select started('held') as held, advance('1 s'), started('free') as free, advance('1 s') \gset
select reproq_complete(:held, 1), advance('1 s'), reproq_complete(:free, 1);
insert into invoice values (:held);
select is(reproq_prune('{SUCCESSFUL}', '0', 1), 1, 'the next one is deleted');
select is((run(:free)).result_id, null, 'the one that is held takes nobody''s place');
delete from invoice;
select reproq_prune('{SUCCESSFUL}', '0');

-- Other times than that of the end, and only counting.

select enqueue('old', '{"queue": "times"}') as old, started('slow') as slow, advance('1 hour') as x \gset
select started('quick') as quick, claims(1, '{times}') as c \gset
select reproq_complete(:slow, 1), reproq_complete(:old, 1), reproq_complete(:quick, 1);
select advance('1 minute'), reproq_cancel(enqueue('never'));
update task_runs set updated_at = _reproq_now() where result_id = :slow;
select is(
    (select array_agg(reproq_prune('{SUCCESSFUL,CANCELLED}', t.age, 9, t.field, true) order by t.place)
    from (values
        (1, 'finished_at', '1 minute'::interval), (2, 'updated_at', '1 minute'), (3, 'enqueued_at', '30 minutes'),
        (4, 'started_at', '30 minutes'), (5, 'started_at', '0'), (6, 'finished_at', '0')
    ) t (place, field, age)),
    array[3, 2, 2, 1, 3, 4], 'by the end, the last change, the enqueue or the first start; what never started has no start'
);
select is(reproq_prune('{SUCCESSFUL}', '0', 2, dry_run => true), 2, 'a dry run counts at most max_tasks');
select is(reproq_prune('{SUCCESSFUL}', '0', null, dry_run => true), 3, 'or all');
select is(reproq_prune('{SUCCESSFUL}', '30 minutes', 9, 'started_at'), 1, 'and deletes what it has counted');
select is((run(:slow)).result_id, null, 'the one that began so long ago');

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
    ('null max_tasks', $$'{FAILED}', '0', null$$, null),
    ('an unknown field', $$'{FAILED}', '0', 1, 'failed_at'$$,
        'field: must be finished_at, updated_at, enqueued_at or started_at'),
    ('a null field', $$'{FAILED}', '0', 1, null$$, null)
) b (name, arguments, message);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
