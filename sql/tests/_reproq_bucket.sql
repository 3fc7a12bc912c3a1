begin;
select no_plan();
\ir helpers/setup.sql

delete from rate_limits;
select is(_reproq_bucket('a.b', 'mail'), null, 'without buckets there is none');
insert into rate_limits (key, tokens_per_second, burst_size) values ('global', 1, 1), ('task:x', 1, 1);
select is(_reproq_bucket('a.b', 'mail'), 'global', 'one for all');
insert into rate_limits (key, tokens_per_second, burst_size) values ('queue:mail', 1, 1);
select is(_reproq_bucket('a.b', 'mail'), 'queue:mail', 'the queue''s overrides it');
select is(_reproq_bucket('a.b', 'other'), 'global', 'for that queue only');
insert into rate_limits (key, tokens_per_second, burst_size) values ('task:a.b', 1, 1);
select is(_reproq_bucket('a.b', 'mail'), 'task:a.b', 'the task''s overrides both');
update rate_limits set tokens_per_second = 0 where key = 'task:a.b';
select is(_reproq_bucket('a.b', 'mail'), 'queue:mail', 'one without a rate is as none');
update rate_limits set burst_size = 0 where key = 'queue:mail';
select is(_reproq_bucket('a.b', 'mail'), 'global', 'so is one without a burst');
select is(_reproq_bucket(null, 'mail'), 'global', 'a run without a task path is no error');

select * from finish();
rollback;
