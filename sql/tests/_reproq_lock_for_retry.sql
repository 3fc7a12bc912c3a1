begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": ["a", "c"], "c": []}', null, '{"max_attempts": 1}') as f \gset
select finish(:'f', 'a', 'fail');
-- (Who holds what is seen from other sessions: tests/isolation/test_workflow_pairs.py.)
select lives_ok(format('select _reproq_lock_for_retry(array[%s])', :'f'::jsonb ->> 'a'), 'locks');
select lives_ok('select _reproq_lock_for_retry(array[0])', 'a run that is gone is none of its business');
select is(stand(:'f'), 'a FAILED, b FAILED, c READY', 'and changes nothing');

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select * from finish();
rollback;
