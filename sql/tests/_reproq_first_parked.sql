begin;
select no_plan();
\ir helpers/setup.sql

select started('x', '{"lock_key": "l"}') as x \gset
select enqueue('late', '{"lock_key": "l"}') as late, enqueue('first', '{"lock_key": "l", "priority": 1}') as first,
    enqueue('other', '{"lock_key": "l", "queue": "other"}') as other \gset
select claims(9), claims(9, '{other}');
select is(_reproq_first_parked('lock:l', 'default', 1, 9), array[:first, :late], 'in the order of the line, of one queue');
select is(_reproq_first_parked('lock:l', 'default', 1, 1), array[:first], 'as many as are wanted');
select is(_reproq_first_parked('lock:l', 'default', 2, 9), '{}', 'of one limit');
select is(_reproq_first_parked('key:l', 'default', 1, 9), '{}', 'at one gate');
select is(_reproq_first_parked('lock:l', 'default', 1, -1), '{}', 'nobody is wanted');
insert into reproq_blocked (result_id, gate, queue_name, claim_order, concurrency_limit) values (:x, 'lock:l', 'default', 0, 1);
select is(_reproq_first_parked('lock:l', 'default', 1, 1), array[:first], 'a ticket whose record says otherwise is passed over (I52)');

select * from finish();
rollback;
