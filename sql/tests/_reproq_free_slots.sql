begin;
select no_plan();
\ir helpers/setup.sql

insert into reproq_leases (
    result_id, lease_no, worker_id, leased_until, lease_length, concurrency_key, slot, concurrency_limit
)
values (1, 1, 'w', _reproq_now(), '1 s', 'k', 1, 9), (2, 1, 'w', _reproq_now(), '1 s', 'k', 3, 9),
    (3, 1, 'w', _reproq_now(), '1 s', 'l', 1, 9);
select is(_reproq_free_slots('{k}'), '{2}', 'the lowest slot that no run holds');
select is(
    _reproq_free_slots('{k,null,l,k,m,k,l}'), '{2,null,2,4,1,5,3}',
    'each mention of a key takes the next one; without a key there is none'
);
select is(_reproq_free_slots('{}'), '{}', 'nobody is no error');

select * from finish();
rollback;
