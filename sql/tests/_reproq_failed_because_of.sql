begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": ["a"], "c": ["b"], "x": [], "y": ["x", "c"]}', null, '{"max_attempts": 1}') as f \gset
select is(_reproq_failed_because_of(array[(:'f'::jsonb ->> 'a')::bigint]), '{}', 'nobody has failed yet');
select finish(:'f', 'a', 'fail');
select is(
    _reproq_failed_because_of(array[(:'f'::jsonb ->> 'a')::bigint]),
    array(select (:'f'::jsonb ->> k)::bigint from unnest('{b, c, y}'::text[]) k),
    'all that stood behind it'
);
select is(
    _reproq_failed_because_of(array[(:'f'::jsonb ->> 'b')::bigint]),
    array(select (:'f'::jsonb ->> k)::bigint from unnest('{c, y}'::text[]) k),
    'seen from the middle'
);
select is(_reproq_failed_because_of('{}'), '{}', 'behind nobody stands nobody');

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select * from finish();
rollback;
