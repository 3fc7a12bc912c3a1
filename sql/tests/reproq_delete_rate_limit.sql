begin;
select no_plan();
\ir helpers/setup.sql

select reproq_set_rate_limit('global', 0.001);
select enqueue('a'), enqueue('b');
select is(claims(9), 'a', 'one may start');
select ok(reproq_delete_rate_limit('global'), 'there was a limit');
select is((reproq_tick()).woken, 1, 'at the next tick');
select is(claims(9), 'b', 'all may');
select ok(not reproq_delete_rate_limit('global'), 'there is none any more');
select ok(not reproq_delete_rate_limit(null), 'nor one without a name');

select * from finish();
rollback;
