begin;
select no_plan();
\ir helpers/setup.sql

insert into reproq_blocked (result_id, gate, queue_name, claim_order)
select row_number() over (), g, 'q', 1
from unnest('{rate:global,key:b,lock:Z,key:b,lock:a,key:B,rate:task:x,"key: "}'::text[]) g;
select is(
    array(select * from _reproq_parked_gates('key:', 'rate:')), '{"key: ",key:B,key:b,lock:Z,lock:a}',
    'each once, in the order of bytes whatever the database''s collation'
);
select is(array(select * from _reproq_parked_gates('rate:', 'rate;')), '{rate:global,rate:task:x}', 'of one kind');
select is_empty($$select * from _reproq_parked_gates('a', 'b')$$, 'or none');

select * from finish();
rollback;
