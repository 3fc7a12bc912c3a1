begin;
select no_plan();
\ir helpers/setup.sql

-- Whatever a run waits for, it ends at once (I21).

select enqueue('ready') as ready, enqueue('later', '{"run_in": 60}') as later \gset
select is(reproq_cancel(:ready), 'CANCELLED', 'a READY run is cancelled at once');
select is(in_words(:ready), 'CANCELLED with none', 'and leaves the line');
select is(reproq_cancel(:later), 'CANCELLED', 'so is one that waits for a time');
select is(in_words(:later), 'CANCELLED with none', 'which leaves the schedule');
select row_eq(
    format(
        'select finished_at, failed_at, last_error, errors_json, attempts
        from task_runs where result_id = %s', :ready
    ),
    row(
        '2100-01-01 12:00Z'::timestamptz, null::timestamptz, 'cancelled'::text,
        '[{"kind": "cancelled", "message": "cancelled", "task_path": "shop.tasks.work",
            "attempt": 0, "worker_id": null, "at": "2100-01-01T12:00:00.000000Z"}]'::jsonb, 0
    ),
    'the record says that it was cancelled, and when'
);
select is(claims(5), '', 'a cancelled run is never started');

select started('holder', '{"lock_key": "l"}') as holder \gset
select enqueue('blocked', '{"lock_key": "l"}') as blocked \gset
select enqueue('behind', '{"lock_key": "l"}') as behind \gset
select claims(5);
select is(in_words(:blocked), 'BLOCKED with blocked', 'a run that waits at a lock');
select is(reproq_cancel(:blocked), 'CANCELLED', 'is cancelled at once');
select is(in_words(:blocked), 'CANCELLED with none', 'and leaves the gate');
select reproq_complete(:holder, 1);
select is(in_words(:behind), 'READY with ready', 'when the lock is free the next one wakes');
select enqueue('last', '{"lock_key": "l", "priority": -1}') as last \gset
select claims(0 + 1);
select claims(5);
select is(in_words(:last), 'BLOCKED with blocked', 'another one waits');
select reproq_release(:behind, 1);
select enqueue('third', '{"lock_key": "l", "priority": -2}') as third \gset
select reproq_cancel(:behind);
select is(in_words(:last), 'READY with ready', 'the cancel of a run that was awake for a lock wakes the next');
select is(claims(), 'last', 'which can start');
select reproq_complete(:last, 1), reproq_cancel(:third);

-- A RUNNING run is asked to stop.

select started('running') as running \gset
select is(reproq_cancel(:running), 'RUNNING', 'a RUNNING run is asked to stop');
select ok((run(:running)).cancel_requested, 'which its record says');
select is(in_words(:running), 'RUNNING with lease', 'it keeps its lease until its worker is done');
select is(reproq_cancel(:running), 'RUNNING', 'asking again is no error');
select reproq_fail(:running, 1, '{}');
select is((run(:running)).status, 'CANCELLED', 'given back by its worker it is CANCELLED');
select started('lost') as lost \gset
select reproq_cancel(:lost);
select advance('5 minutes');
select reproq_reclaim();
select is(in_words(:lost), 'CANCELLED with none', 'given back by a reclaim, too: never started again');

-- A finished run stays what it is (I22).

select started('done') as done \gset
select reproq_complete(:done, 1, '1');
select (run(:done))::text as before \gset
select is(reproq_cancel(:done), 'SUCCESSFUL', 'a finished run answers with its status');
select is((run(:done))::text, :'before', 'and is not touched');
select is(reproq_cancel(:ready), 'CANCELLED', 'so does one that was cancelled before');

-- Runs that wait for others.

select enqueue('first') as first, enqueue('second') as second, enqueue('third') as third2 \gset
select enqueue('p') as p \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as w1 \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.c"}', 'WAITING')
returning result_id as w2 \gset
insert into reproq_edges (result_id, waits_for) values (:w1, :p), (:w2, :w1);
select is(reproq_cancel(:w1), 'CANCELLED', 'a run that waits for another is cancelled at once');
select is(in_words(:w2), 'FAILED with none', 'who waits for it can never start, and ends (I27)');
select is((run(:w2)).errors_json #>> '{0,kind}', 'workflow_failed', 'as failed by its workflow');
select is((run(:p)).status, 'READY', 'what it waited for goes on');

-- A lost ticket does not keep a run from being cancelled (I52).

select enqueue('stray') as stray \gset
delete from reproq_ready where result_id = :stray;
select is(reproq_cancel(:stray), 'CANCELLED', 'a run without a ticket is cancelled all the same');

select throws_ok('select reproq_cancel(77)', 'RQ002', 'there is no run 77', 'an unknown run is RQ002');
select throws_ok('select reproq_cancel(null)', 'RQ002', 'there is no run null', 'so is a null');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
