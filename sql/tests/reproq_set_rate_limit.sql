begin;
select no_plan();
\ir helpers/setup.sql

delete from rate_limits;
select reproq_set_rate_limit('queue:mail', 0.5, 10);
select row_eq(
    'select key collate "default", tokens_per_second, burst_size, current_tokens, last_refilled_at from rate_limits',
    row('queue:mail'::text, 0.5::double precision, 10, 10::double precision, _reproq_now()), 'a new bucket is full'
);
select reproq_set_rate_limit('queue:mail', 0.5);
select row_eq(
    'select burst_size, current_tokens from rate_limits', row(1, 1::double precision), 'a burst is one unless it is given'
);
update rate_limits set current_tokens = 0, last_refilled_at = _reproq_now();
select reproq_set_rate_limit('queue:mail', 100, 5);
select is((select current_tokens from rate_limits), 0::double precision, 'a changed bucket keeps what is in it');

-- Claims obey: 5 at once, then one every 10 ms, and none for free.
select enqueue(n::text, '{"queue": "mail"}') from generate_series(1, 20) n;
update rate_limits set current_tokens = 5;
select is(claims(20, '{mail}'), '1 2 3 4 5', 'no more start than the burst');
select is(claims(20, '{mail}'), '', 'nor any before a token is there');
select advance('10 ms');
select is(claims(20, '{mail}'), '6', 'one a token, in order');
select is((select current_tokens < 1e-9 from rate_limits), true, 'which is spent');
select reproq_set_rate_limit('queue:mail', 0);
select is((reproq_tick()).woken, 14, 'a rate of 0 frees those that wait, at the next tick');
select is(claims(20, '{mail}'), '7 8 9 10 11 12 13 14 15 16 17 18 19 20', 'a rate of 0 lifts it');

select throws_ok('select reproq_set_rate_limit(' || b.arguments || ')', '22023', b.message, b.arguments)
from (values
    ($$'', 1$$, 'key: must be global, queue:<name> or task:<path>'),
    ($$null, 1$$, 'key: must be global, queue:<name> or task:<path>'),
    ($$'mail', 1$$, 'key: must be global, queue:<name> or task:<path>'),
    ($$'global', 'nan'$$, 'rate: must be 0, which disables the limit, or a finite positive number'),
    ($$'global', 'infinity'$$, 'rate: must be 0, which disables the limit, or a finite positive number'),
    ($$'global', -1$$, 'rate: must be 0, which disables the limit, or a finite positive number'),
    ($$'global', null$$, 'rate: must be 0, which disables the limit, or a finite positive number'),
    ($$'global', 1, 0$$, 'burst: must be between 1 and 2147483647'),
    ($$'global', 1, -1$$, 'burst: must be between 1 and 2147483647'),
    ($$'global', 1, 2147483648$$, 'burst: must be between 1 and 2147483647'),
    ($$'global', 1, null$$, 'burst: must be between 1 and 2147483647')
) b (arguments, message);
select is((select count(*) from rate_limits), 1::bigint, 'what is refused changes nothing');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
