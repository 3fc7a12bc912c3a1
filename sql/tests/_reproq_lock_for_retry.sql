begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": ["a", "c"], "c": []}', null, '{"max_attempts": 1}') as f \gset
select finish(:'f', 'a', 'fail');
select lives_ok(format('select _reproq_lock_for_retry(array[%s])', :'f'::jsonb ->> 'a'), 'locks');
-- (Who holds what is seen from other sessions: tests/races/test_workflows.py.)
select is(
    (select count(*) from task_runs r where r.xmax::text::bigint = (pg_current_xact_id()::text::bigint & 4294967295)
        and r.result_id = any(array(select (:'f'::jsonb ->> k)::bigint from unnest('{a, b, c}'::text[]) k))),
    3::bigint, 'the run, who failed with it, and whom these wait for'
);

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select * from finish();
rollback;
