begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/broken.sql

select started('holder', '{"lock_key": "l"}') as holder,
    started('one', '{"concurrency_key": "k", "concurrency_limit": 2}') as one,
    started('two', '{"concurrency_key": "k", "concurrency_limit": 2}') as two \gset
select enqueue('at lock', '{"lock_key": "l"}') as at_lock,
    enqueue('other', '{"lock_key": "l", "queue": "mail"}') as other,
    enqueue('narrow', '{"concurrency_key": "k", "concurrency_limit": 1}') as narrow,
    enqueue('wide', '{"concurrency_key": "k", "concurrency_limit": 2}') as wide \gset
select claims(9), claims(9, '{mail}');
select reproq_set_rate_limit('queue:rated', 0.1, 1);
select started('spends', '{"queue": "rated"}') as spends, enqueue('waits', '{"queue": "rated"}') as rated \gset
select claims(9, '{rated}'), advance('1 minute');
select is_empty('select * from _reproq_broken_gates()', 'full gates and a bucket that is open again are sound');

select is(
    (select string_agg(l, E'\n') from unnest(string_to_array(broken(b.by_hand), E'\n')) l where l !~ '^I9 '), b.reported, b.name
)
from (values
    ('a free lock with nobody awake in either queue', format('delete from reproq_leases where result_id = %s', :holder),
        E'I51 a gate with a free place has somebody awake: gate lock:l, queue default\n'
        'I51 a gate with a free place has somebody awake: gate lock:l, queue mail'),
    ('a key that has a place for the wide one alone', format('delete from reproq_leases where result_id = %s', :one),
        'I51 a gate with a free place has somebody awake: gate key:k, queue default, limit 2'),
    ('one that has a place for both',
        'delete from reproq_leases where concurrency_key = ''k''',
        E'I51 a gate with a free place has somebody awake: gate key:k, queue default, limit 1\n'
        'I51 a gate with a free place has somebody awake: gate key:k, queue default, limit 2'),
    ('a bucket that holds too much',
        'alter table rate_limits drop constraint rate_limits_tokens;
        update rate_limits set current_tokens = 2 where key = ''queue:rated''',
        'I19 a bucket holds no less than nothing and no more than its burst: bucket queue:rated: 2 of 1'),
    ('a bucket in debt',
        'alter table rate_limits drop constraint rate_limits_tokens;
        update rate_limits set current_tokens = -1 where key = ''queue:rated''',
        'I19 a bucket holds no less than nothing and no more than its burst: bucket queue:rated: -1 of 1'),
    ('a bucket of no number',
        'alter table rate_limits drop constraint rate_limits_tokens;
        update rate_limits set current_tokens = ''NaN'' where key = ''queue:rated''',
        'I19 a bucket holds no less than nothing and no more than its burst: bucket queue:rated: NaN of 1')
) b (name, by_hand, reported);
select reproq_complete(:holder, 1), reproq_complete(:one, 1);
select is(in_words(:narrow), 'BLOCKED with blocked', 'where one runs there is no place for the narrow one');
select is_empty('select * from _reproq_broken_gates()', 'and it needs nobody awake');

select * from finish();
rollback;
