begin;
select no_plan();

select ok(_reproq_now() > now(), 'the clock goes on within a transaction');
select ok(
    _reproq_now() between clock_timestamp() - interval '1 minute' and clock_timestamp(),
    'and tells the server''s time'
);
set local "reproq.now" = '2000-01-01';
set local "reproq.clock" = '2000-01-01';
select ok(_reproq_now() > '2020-01-01', 'no setting moves it');
-- (_reproq_truncate_drained asks how long other sessions' transactions are open, on their clock, and
-- _reproq_find_lost how long its own look took.)
select is_empty(
    $$select p.proname
    from pg_proc p
    where p.proname ~ '^_?reproq_' and p.proname not like '%install%'
        and p.proname not in ('_reproq_now', '_reproq_truncate_drained', '_reproq_find_lost')
        and p.prosrc ~* '\m(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\(|\mcurrent_(time|date)|\mlocaltime'$$,
    'no other function asks any other clock (I24, I48)'
);
select is_empty(
    $$select p.proname
    from pg_proc p
    where p.proname ~ '^_?reproq_' and p.prosrc ~* 'current_setting\((?!''(transaction_isolation|role)'')'$$,
    'no function reads a setting but the isolation level and the role (I48)'
);

select * from finish();
rollback;
