begin;
select no_plan();
\ir helpers/setup.sql

create function plain(wanted integer, variadic queues text[] default '{default}') returns text
language sql volatile as $$
    select coalesce(string_agg(c.spec_json #>> '{args,0}', ' '), '')
    from _reproq_claim_plain('w1', queues, wanted, '1 minute') c;
$$;

select enqueue('a'), enqueue('b', '{"priority": 1}'), enqueue('c', '{"queue": "q"}'),
    enqueue('d', '{"queue": "q", "priority": 2}'), enqueue('e', '{"queue": "p"}');
select is(plain(3, 'none', 'default', 'q'), 'd b a', 'the first of each queue, until there are as many as are wanted');
select row_eq(
    'select worker_id, lease_no, leased_until, lease_length from reproq_leases order by result_id limit 1',
    row('w1'::text, 1::bigint, _reproq_now() + '1 minute', '1 minute'::interval), 'each under a lease'
);
select is_empty('select * from reproq_violations()', 'in place of its ticket');
select is(plain(9, 'none', 'default', 'q', 'p'), 'c e', 'over all queues, in the order of their lines');
select is(plain(9, 'none', 'default', 'q', 'p'), '', 'and no one twice');

-- What it leaves to others.

select enqueue('paused', '{"queue": "p"}'), reproq_pause_queue('p'), enqueue('f');
select is(plain(9, 'p', 'default'), 'f', 'a queue that is paused');
select enqueue('rated', '{"queue": "r"}'), reproq_set_rate_limit('queue:r', 1, 1), enqueue('g');
select is(plain(9, 'r', 'default'), 'g', 'one with a token bucket');
select enqueue('h'), reproq_set_rate_limit('task:x.y', 1, 1);
select is(plain(9), '', 'all, where a task has one');
select reproq_set_rate_limit('task:x.y', 0, 1), reproq_set_rate_limit('global', 1, 1);
select is(plain(9), '', 'or there is one for all');
select reproq_set_rate_limit('global', 0, 1);
select is(plain(9), 'h', 'while it is enabled');
select enqueue('i'), enqueue('key', '{"concurrency_key": "k", "concurrency_limit": 1}'), enqueue('j');
select is(plain(3), '', 'heads of which one has a gate');
select is(plain(1), 'i', 'the gate of one that is not wanted does not matter');
select is(plain(1), '', 'the head itself');
select enqueue('old', '{"priority": 9, "expires_in": 60}'), enqueue('lease', '{"priority": 8}') as lease,
    enqueue('k', '{"priority": 7}') \gset
insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length)
values (:lease, 0, 'ghost', _reproq_now(), '1 s');
insert into reproq_ready (ring, queue_name, claim_order, result_id) values (0, 'default', 1, 77);
select advance('60 s');
select is(plain(4), 'k', 'who is too old, has a lease already, or is gone');

select * from finish();
rollback;
