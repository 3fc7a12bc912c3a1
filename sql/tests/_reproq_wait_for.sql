begin;
select no_plan();
\ir helpers/setup.sql

create temp view waiting as
select queue_name, worker_id, extract(epoch from waiting_until - '2100-01-01 12:00Z')::integer as seconds
from reproq_waiters;
select _reproq_wait_for('w1', '{mail,default,mail}', '10 s');
select set_eq(
    'select * from waiting', $$values ('mail', 'w1', 10), ('default', 'w1', 10)$$,
    'a worker waits for each of its queues once'
);
select advance('4 s');
select _reproq_wait_for('w1', '{mail}', '10 s');
select results_eq(
    'select seconds from waiting where queue_name = ''mail''', '{10}'::integer[],
    'asking again soon writes nothing'
);
select advance('1 s');
select _reproq_wait_for('w1', '{mail}', '10 s');
select results_eq(
    'select seconds from waiting where queue_name = ''mail''', '{15}'::integer[],
    'once half of it has passed it is renewed'
);
select _reproq_wait_for('w2', '{mail}', '10 s');
select _reproq_wait_for('w1', '{mail,bulk}', '0');
select set_eq(
    'select * from waiting', $$values ('mail', 'w1', 5), ('mail', 'w2', 15), ('default', 'w1', 10)$$,
    'a wait of 0 ends the waiting for these queues, of this worker alone'
);

select * from finish();
rollback;
