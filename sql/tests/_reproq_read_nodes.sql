begin;
select plan(4);
\ir helpers/setup.sql

select row_eq(
    $$ select * from _reproq_read_nodes('[{"key": "a"}, {"key": "b", "after": ["c", "a", "c"]}, {"key": "c", "after": []}]') $$,
    row('{a, b, c}'::text[], '{2, 2}'::integer[], '{1, 3}'::integer[]),
    'keys in input order, and one pair for each node and one that it waits for'
);
select row_eq(
    $$ select * from _reproq_read_nodes('[]') $$,
    row('{}'::text[], '{}'::integer[], '{}'::integer[]),
    'no nodes, no edges'
);
select throws_ok(
    $$ select _reproq_read_nodes('[{"key": "a"}, {"key": "b", "after": [null]}]') $$,
    '22023', 'nodes[1].after[0]: no node is named null', 'null is no key'
);
select throws_ok(
    $$ select _reproq_read_nodes(jsonb_build_array(jsonb_build_object('key', repeat('x', 256)))) $$,
    '22023', 'nodes[0].key: must be a text of 1 to 255 characters', 'a key is not longer than other names'
);
select * from finish();
rollback;
