begin;
select plan(7);
\ir helpers/setup.sql

select started('running') as running \gset
select enqueue('ready') as ready \gset

select throws_ok(
    format($$update task_runs set status = 'RUNNING', leased_by = 'old', leased_until = now() where result_id = %s$$, :ready),
    'RQ005', format('run %s cannot be made RUNNING by writing its record', :ready), 'a claim by hand'
);
select throws_ok(
    format($$update task_runs set status = 'SUCCESSFUL', leased_by = null, leased_until = null,
        finished_at = now(), live_spec_hash = null where result_id = %s$$, :running),
    'RQ005', null, 'an end by hand'
);
select throws_ok(
    format($$update task_runs set status = 'READY', leased_by = null, leased_until = null where result_id = %s$$, :running),
    'RQ005', null, 'a reclaim by hand'
);
select lives_ok(
    format($$update task_runs set metadata_json = '{"by": "hand"}', status = status where result_id = %s$$, :ready),
    'what is no move may be written'
);
select lives_ok(format('select reproq_complete(%s, 1)', :running), 'functions end a run');
select is(claims(1), 'ready', 'and start one');
select is(in_words(:running) || ', ' || in_words(:ready), 'SUCCESSFUL with none, RUNNING with lease', 'as told');

select * from finish();
rollback;
