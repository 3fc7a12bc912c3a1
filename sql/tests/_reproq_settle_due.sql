begin;
select no_plan();
\ir helpers/setup.sql

select started('running', '{"expires_in": 60}') as running \gset
select enqueue('a', '{"expires_in": 60}') as a, enqueue('b', '{"expires_in": 30, "run_in": 20}') as b,
    enqueue('c', '{"expires_in": 90}') as c, enqueue('d') as d,
    enqueue('e', '{"expires_in": 60}') \gset
select advance('60 s');
select results_eq('select * from _reproq_settle_due(9, 1)', 'values (0, 1)', 'at most max_expired');
select is((run(:b)).status, 'FAILED', 'the one that was due first');
select results_eq('select * from _reproq_settle_due(9, 10)', 'values (0, 2)', 'then the others');
select is(
    array[(run(:running)).status, (run(:a)).status, (run(:c)).status, (run(:d)).status],
    array['RUNNING', 'FAILED', 'READY', 'READY'],
    'what has started does not expire, nor what has time, nor what never expires'
);
select results_eq('select * from _reproq_settle_due(9, 10)', 'values (0, 0)', 'and then nothing');

select advance('5 minutes');
select results_eq('select * from _reproq_settle_due(0, 0)', 'values (0, 0)', 'as many as are wanted');
select results_eq('select * from _reproq_settle_due(9, 9)', 'values (1, 1)', 'lost runs and old ones at once');
select is(
    array[in_words(:running), in_words(:c)], array['READY with ready', 'FAILED with none'],
    'each comes to its own end'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
