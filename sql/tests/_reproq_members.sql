begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": ["a"], "c": []}') as f \gset
select is(
    _reproq_members((:'f'::jsonb ->> 'id')::uuid, '{READY}'),
    array[(:'f'::jsonb ->> 'a')::bigint, (:'f'::jsonb ->> 'c')::bigint],
    'the runs of a workflow in a status'
);
select is(_reproq_members((:'f'::jsonb ->> 'id')::uuid, '{FAILED}'), '{}', 'none is in another');
select throws_ok(
    format('select _reproq_members(%L, %L)', w.id, '{READY}'), 'RQ002', 'no workflow ' || w.shown, 'no such workflow'
)
from (values (gen_random_uuid())) g (id)
cross join lateral (values (g.id, g.id::text), (null, 'NULL')) w (id, shown);

select is_empty('select * from reproq_violations()', 'no invariant is broken');
select * from finish();
rollback;
