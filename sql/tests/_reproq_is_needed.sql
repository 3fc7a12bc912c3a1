begin;
select plan(4);
\ir helpers/setup.sql
\ir helpers/flows.sql

select flow('{"a": [], "b": ["a"]}') as f \gset
select (:'f'::jsonb ->> 'a')::bigint as a, (:'f'::jsonb ->> 'b')::bigint as b \gset
select ok(_reproq_is_needed(:a), 'who is waited for is needed');
select ok(not _reproq_is_needed(:b), 'who is not, is not');
select complete(:'f', 'a');
select ok(_reproq_is_needed(:a), 'a result is needed until whoever reads it has finished');
select complete(:'f', 'b');
select ok(not _reproq_is_needed(:a), 'and no longer');

select * from finish();
rollback;
