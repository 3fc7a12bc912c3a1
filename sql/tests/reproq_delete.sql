begin;
select plan(7);
\ir helpers/setup.sql

select enqueue('done') as done, enqueue('bad', '{"max_attempts": 1}') as bad, enqueue('live') as live \gset
select claims(2), reproq_complete(:done, 1), reproq_fail(:bad, 1, '{}');
select is(reproq_delete(array[:done, :bad, :live], '{CANCELLED}'), 0, 'of other statuses none');
select is(reproq_delete(array[:done, :live], '{SUCCESSFUL}'), 1, 'those in the status');
select is_empty(format('select 1 from task_runs where result_id = %s', :done), 'are gone');
select is(reproq_delete(array[:bad, :live, 1]), 1, 'finished ones only, and what is not there is no error');
select is(in_words(:live), 'READY with ready', 'a live one stays as it is');
select throws_ok($$select reproq_delete('{1}', '{READY}')$$, '22023');
select throws_ok('select reproq_delete(null)', '22023');

select * from finish();
rollback;
