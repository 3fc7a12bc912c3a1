begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a, started('b') as b \gset
select _reproq_take_lease(:a, 1);
select is(tickets_of(:a), 'none', 'the lease is taken off the run');
select is(tickets_of(:b), 'lease', 'and no other');
select throws_ok(
    format('select _reproq_take_lease(%s, 2)', :b), 'RQ001', null, 'another number takes nothing'
);
select is(tickets_of(:b), 'lease', 'and leaves the lease');
select throws_ok('select _reproq_take_lease(77, 1)', 'RQ002', null, 'an unknown run is told so');

select * from finish();
rollback;
