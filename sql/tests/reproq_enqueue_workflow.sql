begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

-- A chain.

select flow('{"a": [], "b": ["a"], "c": ["b"]}') as chain \gset
select is(stand(:'chain'), 'a READY, b WAITING, c WAITING', 'a chain: the first may start, the others wait');
select is(standing(:'chain'), 'RUNNING 0+0 of 3', 'and the workflow runs');
select is(
    (select string_agg(format('%s %s %s', r.workflow_key, r.wait_count, p.workflow_key), ', ' order by r.result_id)
    from task_runs r left join task_runs p on p.result_id = r.parent_id),
    'a 0 , b 1 a, c 1 b', 'keys, counts and parents are on the records'
);
select is(claims(10), 'a', 'nobody else can be claimed');
select reproq_complete((:'chain'::jsonb ->> 'a')::bigint, 1, '"from a"');
select is(stand(:'chain'), 'a SUCCESSFUL, b READY, c WAITING', 'a success releases the next');
select complete(:'chain', 'b'), complete(:'chain', 'c');
select is(standing(:'chain'), 'SUCCESSFUL 3+0 of 3', 'the workflow has succeeded with its last run');
select is((select count(*) from reproq_ready), 0::bigint, 'and leaves nothing in line');

-- A group, a chord and its results.

select flow('{"a": [], "b": []}') as grp \gset
select is(stand(:'grp'), 'a READY, b READY', 'a group: all may start');
select complete(:'grp', 'a'), complete(:'grp', 'b');
select is(standing(:'grp'), 'SUCCESSFUL 2+0 of 2', 'and succeeds with the last');

select flow('{"a": [], "b": [], "z": ["a", "b", "a"]}', 'z') as chord \gset
select is((run((:'chord'::jsonb ->> 'z')::bigint)).wait_count, 2, 'a predecessor named twice counts once');
select is((run((:'chord'::jsonb ->> 'z')::bigint)).parent_id, null::bigint, 'of several predecessors none is the parent');
select complete(:'chord', 'a', '{"n": 1}');
select is(standing(:'chord'), 'RUNNING 1+0 of 2', 'the callback is not counted');
select complete(:'chord', 'b', '2');
select is(standing(:'chord'), 'WAITING_CALLBACK 2+0 of 2', 'when it alone is left, the workflow says so');
select results_eq(
    format('select key, status, return_json, task_path from reproq_predecessor_results(%s)', :'chord'::jsonb ->> 'z'),
    $$ values ('a', 'SUCCESSFUL', '{"n": 1}'::jsonb, 'shop.tasks.work'), ('b', 'SUCCESSFUL', '2'::jsonb, 'shop.tasks.work') $$,
    'the callback reads what its predecessors returned'
);
select complete(:'chord', 'z');
select is(standing(:'chord'), 'SUCCESSFUL 2+0 of 2', 'its success is the workflow''s');

-- The smallest ones.

select is((select count(*) from reproq_enqueue_workflow('[]')), 0::bigint, 'an empty group is nothing');
select is((select count(*) from reproq_workflows), 3::bigint, 'and leaves no row');
select flow('{"z": []}', 'z') as empty_chord \gset
select is(standing(:'empty_chord'), 'WAITING_CALLBACK 0+0 of 0', 'an empty chord is its callback alone');
select complete(:'empty_chord', 'z');
select flow('{"a": [], "z": ["a"]}', 'z') as chord_of_1 \gset
select complete(:'chord_of_1', 'a'), complete(:'chord_of_1', 'z');
select is(standing(:'chord_of_1'), 'SUCCESSFUL 1+0 of 1', 'a chord of one');

-- A diamond, and a failure in it.

select flow('{"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": ["d"]}', null, '{"max_attempts": 1}') as diamond \gset
select complete(:'diamond', 'a');
select is(stand(:'diamond'), 'a SUCCESSFUL, b READY, c READY, d WAITING, e WAITING', 'both arms are released');
select is(claims(), 'b', 'one of them runs');
select reproq_fail((:'diamond'::jsonb ->> 'b')::bigint, 1, '{"message": "no"}');
select is(stand(:'diamond'), 'a SUCCESSFUL, b FAILED, c READY, d FAILED, e FAILED', 'whoever waited for it, directly or not, has failed with it');
select is(standing(:'diamond'), 'FAILED 1+3 of 5', 'and so has the workflow');
select is(
    (run((:'diamond'::jsonb ->> 'e')::bigint)).errors_json #>> '{0,kind}', 'workflow_failed', 'the error says why'
);
select matches(
    (run((:'diamond'::jsonb ->> 'e')::bigint)).last_error,
    '^workflow_failed: run ' || (:'diamond'::jsonb ->> 'b') || ' ', 'and names the culprit'
);

-- Members never join a twin, and keep their times.

select flow('{"a": []}') as one \gset
select flow('{"a": []}') as two \gset
select isnt(:'one'::jsonb ->> 'a', :'two'::jsonb ->> 'a', 'members never join a live twin');
select is(claims(10), 'c a a', 'each runs');
select flow('{"a": [], "b": ["a"]}', null, '{"run_in": 60, "expires_in": 120}') as timed \gset
select is(stand(:'timed'), 'a SCHEDULED, b WAITING', 'a time of its own is kept');
select advance('60 s'), complete(:'timed', 'a');
select is(stand(:'timed'), 'a SUCCESSFUL, b READY', 'and has come for the next, too');
select flow('{"a": [], "b": ["a"], "c": ["b"]}', null, '{"expires_in": 60}') as old \gset
select advance('60 s'), reproq_tick();
select is(stand(:'old'), 'a FAILED, b FAILED, c FAILED', 'an expired member takes its dependants along (I8)');

-- Ten thousand.

select count(*) as started_at from reproq_enqueue_workflow(
    (
        select jsonb_agg(
            jsonb_build_object('task_path', 'a.b', 'key', n::text, 'after', case when n = 0 then '[]' else jsonb_build_array((n - 1)::text) end)
            order by n desc
        )
        from generate_series(0, 9999) n
    )
) \gset
select is(:started_at, 10000, 'a chain of 10,000, last node first');
select count(*) as members from reproq_enqueue_workflow(
    (
        select jsonb_agg(
            jsonb_build_object('task_path', 'a.b', 'key', n::text, 'after', case when n = 9999 then m.keys else '[]' end)
        )
        from generate_series(0, 9999) n
        cross join (select jsonb_agg(m::text) as keys from generate_series(0, 9998) m) m
    ),
    '9999'
) \gset
select is(:members, 10000, 'a chord of 9,999');
select is((select count(*) from task_runs where wait_count = 9999), 1::bigint, 'whose callback waits for all');

-- What is refused leaves nothing behind.

delete from task_runs;
select is((select count(*) from reproq_workflows), 0::bigint, 'a workflow goes with its last run');
select throws_ok(
    format('select reproq_enqueue_workflow(%L, %L)', b.nodes, b.callback), b.code, b.problem, b.problem
)
from (
    values
    (null::text, null::text, '22023', 'nodes: must be an array of objects'),
    ('{}', null, '22023', 'nodes: must be an array of objects'),
    ('[1]', null, '22023', 'nodes[0]: must be an object'),
    ('[{"task_path": "a.b"}]', null, '22023', 'nodes[0].key: must be a text of 1 to 255 characters'),
    ('[{"task_path": "a.b", "key": 1}]', null, '22023', 'nodes[0].key: must be a text of 1 to 255 characters'),
    ('[{"task_path": "a.b", "key": ""}]', null, '22023', 'nodes[0].key: must be a text of 1 to 255 characters'),
    ('[{"task_path": "a.b", "key": "x", "after": "x"}]', null, '22023', 'nodes[0].after: must be an array of keys'),
    ('[{"task_path": "a.b", "key": "x"}, {"task_path": "a.b", "key": "x"}]', null, '22023', 'nodes[1].key: another node is named ''x'', too'),
    ('[{"task_path": "a.b", "key": "x", "after": ["y"]}]', null, '22023', 'nodes[0].after[0]: no node is named "y"'),
    ('[{"task_path": "a.b", "key": "1"}, {"task_path": "a.b", "key": "x", "after": ["1", 1]}]', null, '22023', 'nodes[1].after[1]: no node is named 1'),
    ('[{"task_path": "a.b", "key": "x", "after": ["x"]}]', null, '22023', 'nodes[0].after[0]: a node cannot wait for itself'),
    (
        '[{"task_path": "a.b", "key": "x"}, {"task_path": "a.b", "key": "y", "after": ["x", "z"]}, {"task_path": "a.b", "key": "z", "after": ["y"]}]',
        null, '22023', 'nodes[1].after: node ''y'' waits in a circle, or for one that does'
    ),
    ('[{"task_path": "a.b", "key": "x"}]', 'y', '22023', 'callback: no node is named ''y'''),
    ('[{"key": "x"}]', null, '22004', 'nodes[0].task_path: must not be null'),
    ('[{"task_path": "a.b", "key": "x", "color": 1}]', null, '22023', 'nodes[0].color: is no parameter of reproq_enqueue'),
    ('[{"task_path": "a.b", "key": "x"}, {"task_path": "a.b", "key": "y", "after": ["x"], "max_attempts": 0}]', null, '22023', 'nodes[1].max_attempts: must be between 1 and 10000')
) b (nodes, callback, code, problem);
select throws_like(
    $$ select reproq_enqueue_workflow('[{"task_path": "a.b", "key": "x", "priority": "high"}]') $$,
    'nodes[0].priority: %', 'a value of another type is named by its place'
);
select is((select count(*) from task_runs), 0::bigint, 'nothing was enqueued');
select is((select count(*) from reproq_workflows), 0::bigint, 'and no workflow was made');

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select result_id as traced from reproq_enqueue_workflow('[{"key": "k", "task_path": "a.traced", "queue": "traced", "traceparent": "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01"}]') \gset
select is(
    (run(:traced)).traceparent, '00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01', 'a trace goes along'
);

select * from finish();
rollback;
