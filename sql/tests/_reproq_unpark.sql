begin;
select no_plan();
\ir helpers/setup.sql

select started('x', '{"lock_key": "l"}') as x \gset
select enqueue('a', '{"lock_key": "l"}') as a, enqueue('b', '{"lock_key": "l"}') as b \gset
select claims(9);
select is(in_words(:a), 'BLOCKED with blocked', 'parked');
select (run(:a)).claim_order as place \gset
select is(_reproq_unpark(array[:a]), 1, 'brought back');
select is(in_words(:a), 'READY with ready', 'into the line');
select is((select claim_order from reproq_ready where result_id = :a), :place, 'at its old place');
select is(in_words(:b), 'BLOCKED with blocked', 'alone');
select is(_reproq_unpark('{}'), 0, 'nobody is no error');
select is(_reproq_unpark(null), 0, 'nor is null');

select * from finish();
rollback;
