begin;
select plan(4);
\ir helpers/setup.sql

select lives_ok($$ select _reproq_refuse_cycle('{}', '{}', '{}') $$, 'nothing has no circle');
select lives_ok(
    $$ select _reproq_refuse_cycle('{a, b, c, d}', '{2, 3, 4, 4}', '{1, 1, 2, 3}') $$, 'a diamond has none'
);
select throws_ok(
    $$ select _reproq_refuse_cycle('{a, b, c, d}', '{2, 3, 1, 4}', '{1, 2, 3, 1}') $$,
    '22023', 'nodes[0].after: node ''a'' waits in a circle, or for one that does', 'a circle of three'
);
select throws_ok(
    $$ select _reproq_refuse_cycle('{a, b, c}', '{2, 3, 2}', '{1, 2, 3}') $$,
    '22023', 'nodes[1].after: node ''b'' waits in a circle, or for one that does', 'a circle behind a free node'
);
select * from finish();
rollback;
