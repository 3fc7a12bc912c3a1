begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select started('done', '{"expires_in": 60}') as done, started('runs', '{"expires_in": 60}') as runs,
    enqueue('waits', '{"expires_in": 60}') as waits, enqueue('later', '{"expires_in": 600}') as later,
    started('ever') as ever \gset
select reproq_complete(:done, 1), reproq_complete(:ever, 1);
select is(reproq_prune_expired(dry_run => true), 0, 'nothing has expired');
select advance('1 minute');
select is(reproq_prune_expired(null, true), 2, 'a dry run counts');
select is(in_words(:waits), 'READY with ready', 'and does nothing');
select is(reproq_prune_expired(1), 1, 'at most max_tasks');
select is(reproq_prune_expired(), 1, 'the rest');
select is(
    array[(run(:done)).result_id, (run(:waits)).result_id], array[null, null]::bigint[],
    'what had finished and what nobody picked up are gone'
);
select is(
    array[(run(:runs)).status, (run(:later)).status, (run(:ever)).status], array['RUNNING', 'READY', 'SUCCESSFUL'],
    'what runs, what has time left and what never expires stay'
);
select is(reproq_prune_expired(), 0, 'there is none left');

select flow('{"x": [], "y": ["x"]}', null, '{"queue": "flow", "expires_in": 60}') as f \gset
select advance('1 minute');
update task_runs set expires_at = null where result_id = (:'f'::jsonb ->> 'y')::bigint;
select is(reproq_prune_expired(), 1, 'a run that others wait for');
select is((run((:'f'::jsonb ->> 'y')::bigint)).last_error, format('workflow_failed: run %s did not succeed', :'f'::jsonb ->> 'x'),
    'ends with them, as by the tick');
select throws_ok('select reproq_prune_expired(0)', '22023', 'max_tasks: must be between 1 and 100000', 'max_tasks 0');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
