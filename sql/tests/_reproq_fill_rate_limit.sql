begin;
select no_plan();
\ir helpers/setup.sql

delete from rate_limits;
insert into rate_limits (key, tokens_per_second, burst_size, current_tokens) values ('global', 0.5, 4, 9);
select is((select current_tokens from rate_limits), 4::double precision, 'no more is in it than its burst');
update rate_limits set current_tokens = 0, last_refilled_at = _reproq_now();
select advance('4 s');
update rate_limits set tokens_per_second = 100;
select row_eq(
    'select current_tokens, last_refilled_at from rate_limits', row(2::double precision, _reproq_now()),
    'what came in before a change came in at the old rate'
);
update rate_limits set burst_size = 1;
select is((select current_tokens from rate_limits), 1::double precision, 'a lower burst takes what is too much');
update rate_limits set burst_size = 9, current_tokens = 7;
select is((select current_tokens from rate_limits), 7::double precision, 'what is written is obeyed');

update rate_limits set overrides_since = null;
update rate_limits set tokens_per_second = 3;
select is((select overrides_since from rate_limits), null, 'a changed rate overrides nobody anew');
update rate_limits set tokens_per_second = 0;
update rate_limits set tokens_per_second = 1;
select row_eq(
    'select overrides_since, current_tokens from rate_limits', row(_reproq_now(), 9::double precision),
    'a limit that is enabled does, and is full'
);

select throws_ok(
    format('insert into rate_limits (key, tokens_per_second, burst_size) values (%L, %L, %s)', b.key, b.rate, b.burst),
    '22023', b.message, b.message || ' (insert)'
)
from (values
    ('', '1', 1, 'key: must be global, queue:<name> or task:<path>'),
    ('queue: ', '1', 1, 'key: must be global, queue:<name> or task:<path>'),
    ('Global', '1', 1, 'key: must be global, queue:<name> or task:<path>'),
    ('global', 'nan', 1, 'tokens_per_second: must be 0, which disables the limit, or a finite positive number'),
    ('global', 'infinity', 1, 'tokens_per_second: must be 0, which disables the limit, or a finite positive number'),
    ('global', '-1', 1, 'tokens_per_second: must be 0, which disables the limit, or a finite positive number'),
    ('global', '1', -1, 'burst_size: must not be negative')
) b (key, rate, burst, message);
select throws_ok('update rate_limits set tokens_per_second = ''nan''', '22023', null, 'nor by an update');
select throws_ok('update rate_limits set current_tokens = 10', '23514', null, 'nor more tokens than its burst');
select is((select count(*) from rate_limits), 1::bigint, 'what is refused changes nothing');

select * from finish();
rollback;
