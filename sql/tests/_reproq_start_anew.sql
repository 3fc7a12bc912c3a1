begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": [], "c": ["a", "b"], "d": ["c"], "e": ["a"]}', null, '{"max_attempts": 1}') as f \gset
select finish(:'f', 'a', 'fail'), finish(:'f', 'b', 'fail');
select is(
    (select string_agg(s.status, ' ' order by s.result_id) from _reproq_start_anew(array[(:'f'::jsonb ->> 'a')::bigint]) s),
    'READY WAITING', 'the run, and who stands behind it alone'
);
select is(stand(:'f'), 'a READY, b FAILED, c FAILED, d FAILED, e WAITING', 'not who stands behind another broken one, nor who stands behind that');
select _reproq_start_anew(array[(:'f'::jsonb ->> 'b')::bigint]);
select is(stand(:'f'), 'a READY, b READY, c WAITING, d WAITING, e WAITING', 'they wait again when that one has its new start');
select is(
    (select string_agg(r.errors_json #>> '{0,kind}', ' ') from task_runs r where r.workflow_key in ('c', 'd', 'e')),
    'workflow_failed workflow_failed workflow_failed', 'the history of errors stays'
);
select complete(:'f', 'a'), complete(:'f', 'b');
select is(stand(:'f'), 'a SUCCESSFUL, b SUCCESSFUL, c READY, d WAITING, e READY', 'and are released as ever');

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select * from finish();
rollback;
