begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/broken.sql

-- How many tickets, and of what kind, is in the file of reproq_violations; here, where they stand.

select started('running', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 1}') as running \gset
select enqueue('at lock', '{"lock_key": "l"}') as at_lock,
    enqueue('at key', '{"concurrency_key": "k", "concurrency_limit": 1}') as at_key \gset
select claims(9);
select enqueue('keyed', '{"lock_key": "m", "concurrency_key": "n", "concurrency_limit": 2}') as keyed,
    enqueue('no limit', '{"concurrency_key": "n"}') as no_limit, enqueue('later', '{"run_in": 60}') as later \gset
select reproq_set_rate_limit('queue:rated', 0.1, 1);
select started('spends', '{"queue": "rated"}') as spends, enqueue('waits', '{"queue": "rated"}') as rated \gset
select claims(9, '{rated}');
select is(
    array[in_words(:at_lock), in_words(:at_key), in_words(:rated), in_words(:keyed)],
    array['BLOCKED with blocked', 'BLOCKED with blocked', 'BLOCKED with blocked', 'READY with ready'],
    'tickets at every kind of gate'
);
select is_empty('select * from _reproq_broken_tickets()', 'are sound');

select is(
    (select string_agg(l, E'\n') from unnest(string_to_array(broken(format(b.by_hand, b.id)), E'\n')) l where l like 'I9%'),
    format('I9 a ticket stands where its record says: ' || b.reported, b.id), b.name
)
from (values
    ('another lock', :keyed, 'update reproq_ready set lock_key = ''x'' where result_id = %s', 'ready ticket of run %s'),
    ('no lock', :keyed, 'update reproq_ready set lock_key = null where result_id = %s', 'ready ticket of run %s'),
    ('another key', :keyed, 'update reproq_ready set concurrency_key = ''x'' where result_id = %s', 'ready ticket of run %s'),
    ('another limit', :keyed, 'update reproq_ready set concurrency_limit = 3 where result_id = %s', 'ready ticket of run %s'),
    ('a key without a limit', :no_limit, 'update reproq_ready set concurrency_key = ''n'' where result_id = %s',
        'ready ticket of run %s'),
    ('parked in another queue', :at_lock, 'update reproq_blocked set queue_name = ''x'' where result_id = %s',
        'blocked ticket of run %s at lock:l'),
    ('parked at another place', :at_lock, 'update reproq_blocked set claim_order = 1 where result_id = %s',
        'blocked ticket of run %s at lock:l'),
    ('parked at a lock that is not its own', :at_lock, 'update reproq_blocked set gate = ''lock:x'' where result_id = %s',
        'blocked ticket of run %s at lock:x'),
    ('parked at no gate at all', :at_lock, 'update reproq_blocked set gate = ''x'' where result_id = %s',
        'blocked ticket of run %s at x'),
    ('parked with another limit', :at_key, 'update reproq_blocked set concurrency_limit = 2 where result_id = %s',
        'blocked ticket of run %s at key:k'),
    ('parked at a bucket of another queue', :rated, 'update reproq_blocked set gate = ''rate:queue:x'' where result_id = %s',
        'blocked ticket of run %s at rate:queue:x'),
    ('parked at a bucket where no claim looks', :rated,
        'update reproq_blocked set concurrency_limit = 1 where result_id = %s',
        'blocked ticket of run %s at rate:queue:rated'),
    ('put off for another time', :later, 'update reproq_scheduled set run_after = now() where result_id = %s',
        'scheduled ticket of run %s')
) b (name, id, by_hand, reported);
select reproq_set_rate_limit('global', 1, 1), reproq_delete_rate_limit('queue:rated');
select is_empty('select * from _reproq_broken_tickets()', 'at a bucket that is gone they wait for the tick');

select * from finish();
rollback;
