begin;
select plan(9);
\ir helpers/setup.sql

select started('running') as running \gset
select enqueue('ready') as ready \gset

prepare claim as
    update task_runs set status = 'RUNNING', leased_by = 'old', leased_until = now()
    where result_id = (
        select result_id from task_runs where status = 'READY' and queue_name = 'default'
        limit 1 for update skip locked
    )
    returning result_id;

select throws_ok(
    'execute claim', 'RQ005', 'the status of a run is written by functions of reproq alone', 'a claim by hand'
);
select throws_ok(
    format($$update task_runs set status = 'SUCCESSFUL', leased_by = null, leased_until = null,
        finished_at = now() where result_id = %s$$, :running),
    'RQ005', null, 'an end by hand'
);
select throws_ok(
    format($$update task_runs set status = 'READY', leased_by = null, leased_until = null where result_id = %s$$, :running),
    'RQ005', null, 'a reclaim by hand'
);
select lives_ok(
    format($$update task_runs set metadata_json = '{"by": "hand"}' where result_id = %s$$, :ready),
    'what else is on a record may be written'
);
select lives_ok(format('select reproq_complete(%s, 1)', :running), 'functions end a run');
select is(claims(1), 'ready', 'and start one');
select is(in_words(:running) || ', ' || in_words(:ready), 'SUCCESSFUL with none, RUNNING with lease', 'as told');
select is(claims(1), '', 'of an empty queue, too,');
select throws_ok('execute claim', 'RQ005', null, 'while a claim by hand is refused there');

select * from finish();
rollback;
