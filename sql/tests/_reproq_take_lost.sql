begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a, started('b') as b \gset
select advance('1 minute'), started('later') as later \gset
select is(_reproq_take_lost(9), '{}', 'no lease has run out');
select advance('4 minutes');
select is(_reproq_take_lost(9, '1 s'), '{}', 'none so long ago');
insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length)
values (77, 1, 'w', _reproq_now() - '1 h'::interval, '1 h');
select is(_reproq_take_lost(0), '{}', 'as many as are wanted');
select is(_reproq_take_lost(2), array[:a], 'the first that ran out; a lease of no run is thrown away');
select is(
    array[in_words(:a), in_words(:later)], array['RUNNING with none', 'RUNNING with lease'],
    'the lease is taken, the record is not touched'
);
select is(_reproq_take_lost(9), array[:b], 'then the others');

select * from finish();
rollback;
