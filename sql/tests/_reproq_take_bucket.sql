begin;
select no_plan();
\ir helpers/setup.sql

delete from rate_limits;
select reproq_set_rate_limit('global', 0.5, 3);
select is(_reproq_take_bucket('global'), 3, 'a new bucket is full');
update rate_limits set current_tokens = 0;
select advance('3 s');
select is(_reproq_take_bucket('global'), 1, 'whole tokens count');
select is(_reproq_take_bucket('queue:none'), null, 'there is no such bucket');
update rate_limits set tokens_per_second = 0;
select is(_reproq_take_bucket('global'), null, 'nor one that is disabled');
-- (A bucket in another's hands: tests/races/test_limits.py.)

select * from finish();
rollback;
