begin;
select plan(5);
\ir helpers/setup.sql

select started('a') as a, started('b') as b, enqueue('c') as c \gset
select is(_reproq_lost(null, '0', true), '{}', 'no lease has run out');
delete from reproq_leases where result_id = :b;
select is(_reproq_lost(null, '0', true), array[:b], 'one is not there');
select advance('5 minutes');
select is(_reproq_lost(null, '0', false), array[:a], 'one has run out');
select is(_reproq_lost(null, '1 s', false), '{}', 'but not so long ago');
select is(cardinality(_reproq_lost(1, '0', true)), 1, 'as many as are wanted');

select * from finish();
rollback;
