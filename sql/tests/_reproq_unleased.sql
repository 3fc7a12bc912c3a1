begin;
select plan(4);
\ir helpers/setup.sql

select started('a') as a, started('b') as b, started('c') as c, enqueue('d') as d \gset
select is(_reproq_unleased(9), '{}', 'each RUNNING run has its lease');
delete from reproq_leases where result_id in (:a, :b);
select is(_reproq_unleased(1), array[:a], 'as many as are wanted');
select is(_reproq_unleased(9), array[:a, :b], 'those that have lost it');
select is(_reproq_unleased(0), '{}', 'none');

select * from finish();
rollback;
