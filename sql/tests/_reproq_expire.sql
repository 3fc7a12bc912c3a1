begin;
select no_plan();
\ir helpers/setup.sql

select started('holder', '{"lock_key": "l"}') as holder \gset
select enqueue('blocked', '{"lock_key": "l", "priority": 9}') as blocked,
    enqueue('next', '{"lock_key": "l"}') as next \gset
select claims();
select enqueue('ready') as ready, enqueue('later', '{"run_in": 60}') as later, started('done') as done \gset
select reproq_complete(:done, 1);
select is(
    _reproq_expire(array[:ready, :later, :blocked, :holder, :done, 77]), 3,
    'runs that wait end; those that run, have finished or do not exist do not'
);
select is(
    array[in_words(:ready), in_words(:later), in_words(:blocked), in_words(:holder), in_words(:done)],
    array['FAILED with none', 'FAILED with none', 'FAILED with none', 'RUNNING with lease', 'SUCCESSFUL with none'],
    'in every state that waits, without a ticket left'
);
select is((run(:later)).errors_json #>> '{0,kind}', 'expired', 'as expired');
select is(_reproq_expire('{}'), 0, 'nobody is no error');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
