begin;
select no_plan();
\ir helpers/setup.sql

insert into reproq_blocked (result_id, gate, queue_name, claim_order, concurrency_limit)
values
    (1, 'key:k', 'a', 1, 2), (2, 'key:k', 'a', 2, 2), (3, 'key:k', 'a', 3, 1), (4, 'key:k', 'b', 4, 2),
    (5, 'key:l', 'c', 5, 3);
select results_eq(
    $$select * from _reproq_parked_lines('key:k')$$,
    $$values ('a'::text, 1), ('a', 2), ('b', 2)$$,
    'each queue and limit of a gate once, and none of another gate'
);
select is_empty($$select * from _reproq_parked_lines('lock:k')$$, 'nobody is parked there');

select * from finish();
rollback;
