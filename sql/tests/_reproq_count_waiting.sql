begin;
select plan(3);
\ir helpers/setup.sql
\ir helpers/flows.sql

select is_empty('select * from _reproq_count_waiting()', 'nobody waits');
select flow('{"a": [], "b": [], "c": ["a", "b"], "d": ["c", "a"], "e": ["d"]}') as f,
    flow('{"x": [], "y": ["x"]}', null, '{"queue": "mail", "run_in": 60}') as later \gset
select results_eq(
    'select * from _reproq_count_waiting() order by 1', $$values ('default'::text, 3::bigint), ('mail', 1)$$,
    'each is counted once, however many it waits for and however far down it stands'
);
select complete(:'f', 'a'), complete(:'f', 'b'), complete(:'f', 'c');
select results_eq(
    'select * from _reproq_count_waiting() order by 1', $$values ('default'::text, 1::bigint), ('mail', 1)$$,
    'who is released or has ended waits no more'
);

select * from finish();
rollback;
