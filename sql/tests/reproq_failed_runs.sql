begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

create function failed(name text, options jsonb default '{}') returns bigint language plpgsql volatile as $$
declare
    v_id bigint := started(name, options);
begin
    perform reproq_fail(v_id, 1, jsonb_build_object('message', name, 'kind', 'timeout'), false);
    return v_id;
end;
$$;
create function ids(query text) returns bigint[] language plpgsql volatile as $$
declare
    v_ids bigint[];
begin
    execute 'select array_agg(f.result_id) from ' || query || ' f' into v_ids;
    return v_ids;
end;
$$;

select is_empty('select * from reproq_failed_runs()', 'nothing has failed');
select failed('a') as a, advance('1 s') as x, failed('b', '{"queue": "mail"}') as b, failed('c') as c,
    advance('1 s') as y, failed('d') as d \gset
select enqueue('live'), started('done') as done, enqueue('gone') as gone \gset
select reproq_complete(:done, 1), reproq_cancel(:gone);
select row_eq(
    format('select * from reproq_failed_runs() where result_id = %s', :b),
    row(
        :b, 'mail'::text, 'shop.tasks.work'::text, 1, 3, _reproq_now() - interval '1 s', 'timeout'::text, 'b'::text,
        (run(:b)).spec_hash::text, null::bigint, null::bigint
    ),
    'a failed run with what one wants to know of it'
);
select is(ids('reproq_failed_runs()'), array[:d, :c, :b, :a], 'the last failure first; only failures');
select is(ids('reproq_failed_runs(''mail'')'), array[:b], 'of one queue');
select is(ids('reproq_failed_runs(max_tasks => 2)'), array[:d, :c], 'so many');
select is(
    ids(format('reproq_failed_runs(null, 2, %L, %s)', (run(:c)).failed_at, :c)), array[:b, :a], 'and the next page'
);
select reproq_retry(:d);
select is(ids('reproq_failed_runs()'), array[:c, :b, :a], 'who has a new start has not failed');

-- What keeps a run from a new start is told.

select enqueue('a', '{"priority": 1000}') as twin \gset
select is((select live_twin from reproq_failed_runs() where result_id = :a), :twin, 'a live twin');
select flow('{"x": [], "y": ["x"]}', null, '{"queue": "flow", "max_attempts": 1}') as f \gset
select claims(1, '{flow}');
select reproq_fail((:'f'::jsonb ->> 'x')::bigint, 1, '{}');
select results_eq(
    'select task_path, kind, waits_for from reproq_failed_runs(''flow'') order by result_id',
    format(
        $$values ('shop.tasks.work'::text, 'app_error'::text, null::bigint), ('shop.tasks.work', 'workflow_failed', %s)$$,
        :'f'::jsonb ->> 'x'
    ),
    'a predecessor that has failed'
);
select throws_ok(
    format('select * from reproq_failed_runs(max_tasks => %s)', v), '22023',
    'max_tasks: must be between 1 and 100000', 'max_tasks ' || v
)
from unnest(array['0', 'null', '100001']) v;

select * from finish();
rollback;
