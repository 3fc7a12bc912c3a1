begin;
select plan(3);
\ir helpers/setup.sql

select is_empty('select * from reproq_rate_limits()', 'what limits nothing is no limit');
select reproq_set_rate_limit('queue:q', 2, 3), reproq_set_rate_limit('task:a.b', 0);
select results_eq(
    'select key, tokens_per_second, burst_size, current_tokens, last_refilled_at from reproq_rate_limits()',
    $$values ('queue:q', 2::float8, 3, 3::float8, timestamptz '2100-01-01 12:00+00'), ('task:a.b', 0, 1, 1, '2100-01-01 12:00+00')$$,
    'by their keys, disabled ones too'
);
select reproq_set_rate_limit('global', 5);
select is((select count(*) from reproq_rate_limits()), 3::bigint, 'and the one for all, once it limits');

select * from finish();
rollback;
