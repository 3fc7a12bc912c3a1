begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": [], "z": ["a", "b"]}') as f \gset
select is_empty(
    format('select * from reproq_predecessor_results(%s)', :'f'::jsonb ->> 'a'), 'whoever waits for none has no rows'
);
select is_empty('select * from reproq_predecessor_results(0)', 'nor has a run that does not exist');
select complete(:'f', 'a', 'null');
select results_eq(
    format('select predecessor_id, key, status, return_json from reproq_predecessor_results(%s)', :'f'::jsonb ->> 'z'),
    format(
        $$ values (%s::bigint, 'a', 'SUCCESSFUL', 'null'::jsonb), (%s, 'b', 'READY', null) $$,
        :'f'::jsonb ->> 'a', :'f'::jsonb ->> 'b'
    ),
    'those that are not done yet are there, too, in the order of their enqueueing'
);
select complete(:'f', 'b', '[2]');
select is(reproq_prune('{SUCCESSFUL}', '0'), 0, 'predecessors of a live run are kept');
select complete(:'f', 'z');
select is(
    (select string_agg(r.return_json::text, ' ') from reproq_predecessor_results((:'f'::jsonb ->> 'z')::bigint) r),
    'null [2]', 'a finished run can read them, too'
);

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select * from finish();
rollback;
