begin;
select plan(4);
\ir helpers/setup.sql

select is_empty('select * from reproq_limits()', 'no gate is in use');
select enqueue('a', '{"lock_key": "l"}'), enqueue('b', '{"lock_key": "l"}'),
    enqueue('c', '{"concurrency_key": "k", "concurrency_limit": 3}'),
    reproq_set_rate_limit('queue:mail', 2, 5);
select claims(3);
select results_eq(
    'select gate, places, taken, parked, tokens_per_second, burst_size, tokens from reproq_limits()',
    $$values
        ('lock:l', 1, 1::bigint, 1::bigint, null::double precision, null::integer, null::double precision),
        ('rate:queue:mail', null, 0, 0, 2, 5, 5),
        ('key:k', 3, 1, 0, null, null, null)$$,
    'locks, keys and buckets, and what they hold'
);
select is((select l.gate from reproq_limits(1) l), 'lock:l', 'those first where somebody waits');
select throws_ok('select reproq_limits(0)', '22023');

select * from finish();
rollback;
