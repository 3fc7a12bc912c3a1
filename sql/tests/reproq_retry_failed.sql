begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

create function failed(name text, options jsonb default '{}') returns bigint language plpgsql volatile as $$
declare
    v_id bigint := started(name, options);
begin
    perform reproq_fail(v_id, 1, '{}', false), advance('1 s');
    return v_id;
end;
$$;
create function ids(query text) returns bigint[] language plpgsql volatile as $$
declare
    v_ids bigint[];
begin
    execute 'select array_agg(f.result_id order by f.result_id) from ' || query || ' f' into v_ids;
    return v_ids;
end;
$$;

select is_empty('select * from reproq_retry_failed()', 'nothing has failed');
select failed('a') as a, failed('b', '{"queue": "mail"}') as b, failed('c', '{"task_path": "c.d"}') as c,
    failed('d') as d \gset
select is(ids('reproq_retry_failed(''mail'')'), array[:b], 'those of a queue');
select row_eq(
    format('select status, attempts, last_error, failed_at from task_runs where result_id = %s', :b),
    row('READY'::text, 0, null::text, null::timestamptz), 'start anew as by reproq_retry'
);
select is(ids('reproq_retry_failed(task_path => ''c.d'')'), array[:c], 'those of a task');
select is(ids('reproq_retry_failed(max_tasks => 1)'), array[:a], 'the first to fail before the others');
select is_empty(
    format('select * from reproq_retry_failed(failed_before => %L)', (run(:d)).failed_at - interval '1 ms'),
    'none that failed later than asked for'
);
select is(ids('reproq_retry_failed()'), array[:d], 'the rest');
select is_empty('select * from reproq_retry_failed()', 'then there is none');

-- Those that would be refused do not stop the others, nor come up again and again.

delete from task_runs;
select failed('a') as a, failed('b') as b, failed('c', '{"dedup": false}') as c, failed('c', '{"dedup": false}') as c2,
    failed('e') as e, failed('e') as e2 \gset
select enqueue('a', '{"priority": 1000}') as twin \gset
select is(
    ids('reproq_retry_failed(max_tasks => 2)'), array[:b, :c], 'who has a live twin takes nobody''s place in the batch'
);
select is(
    ids('reproq_retry_failed()'), array[:c2, :e2],
    'of equal runs the last one; those that do not dedup are not equal'
);
select is_empty('select * from reproq_retry_failed()', 'the others are left as they are');
select is(
    array[(run(:a)).status, (run(:e)).status], array['FAILED', 'FAILED'], 'failed, and to be seen in reproq_failed_runs'
);

-- Workflows start anew from where they failed.

select flow('{"x": [], "y": ["x"], "z": ["y"]}', null, '{"queue": "flow", "max_attempts": 1}') as f \gset
select claims(1, '{flow}');
select reproq_fail((:'f'::jsonb ->> 'x')::bigint, 1, '{}');
select results_eq(
    'select status from reproq_retry_failed(''flow'')', '{READY,WAITING,WAITING}'::text[],
    'who failed with a member waits again'
);
select is(stand(:'f'), 'x READY, y WAITING, z WAITING', 'all of the workflow');

select throws_ok(
    format('select * from reproq_retry_failed(max_tasks => %s)', v), '22023',
    'max_tasks: must be between 1 and 10000', 'max_tasks ' || v
)
from unnest(array['0', 'null', '10001']) v;
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
