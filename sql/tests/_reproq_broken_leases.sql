begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/broken.sql

select started('locked', '{"lock_key": "l"}') as locked, started('plain') as plain,
    started('keyed', '{"concurrency_key": "k", "concurrency_limit": 2}') as keyed,
    started('no limit', '{"concurrency_key": "k"}') as no_limit \gset
-- Other programs may bring in what no claim would have started.
insert into task_runs (spec_json, status, lock_key, concurrency_key, concurrency_limit)
select jsonb_build_object('task_path', 'a.b', 'n', n), 'RUNNING', 'l', 'k', 1 from generate_series(1, 3) n;
select is_empty('select * from _reproq_broken_leases()', 'leases of every kind are sound');
select reproq_complete(:locked, 1);
select is_empty('select * from _reproq_broken_leases()', 'and those that were locked out stay so');
select started('locked', '{"lock_key": "m"}') as locked \gset

select is(broken(format(b.by_hand, b.id)), format(b.reported, b.id), b.name)
from (values
    ('another number', :plain, 'update reproq_leases set lease_no = 5 where result_id = %s',
        'I10 the lease bears the number of its record: run %s: lease 5, record 1'),
    ('another worker', :plain, 'update reproq_leases set worker_id = ''x'' where result_id = %s',
        'I10 the lease bears the number of its record: run %s: lease 1, record 1'),
    ('another lock', :locked, 'update reproq_leases set lock_key = ''x'' where result_id = %s',
        'I17 a lease holds the lock and the slot of its run: run %s holds lock x, slot - of 0 of key -'),
    ('no lock', :locked, 'update reproq_leases set lock_key = null where result_id = %s',
        'I17 a lease holds the lock and the slot of its run: run %s holds lock -, slot - of 0 of key -'),
    ('a lock of nobody''s', :plain, 'update reproq_leases set lock_key = ''x'' where result_id = %s',
        'I17 a lease holds the lock and the slot of its run: run %s holds lock x, slot - of 0 of key -'),
    ('no slot', :keyed, 'update reproq_leases set concurrency_key = null, slot = null where result_id = %s',
        'I17 a lease holds the lock and the slot of its run: run %s holds lock -, slot - of 2 of key -'),
    ('a slot of another key', :keyed, 'update reproq_leases set concurrency_key = ''x'' where result_id = %s',
        'I17 a lease holds the lock and the slot of its run: run %s holds lock -, slot 1 of 2 of key x'),
    ('another limit', :keyed, 'update reproq_leases set concurrency_limit = 9 where result_id = %s',
        'I17 a lease holds the lock and the slot of its run: run %s holds lock -, slot 1 of 9 of key k'),
    ('a slot without a limit', :no_limit,
        'update reproq_leases set concurrency_key = ''x'', slot = 1, concurrency_limit = 1 where result_id = %s',
        'I17 a lease holds the lock and the slot of its run: run %s holds lock -, slot 1 of 1 of key x'),
    ('more than the widest limit', :keyed,
        'alter table reproq_leases drop constraint reproq_leases_slot;
        delete from task_runs where status = ''RUNNING'' and concurrency_key = ''k'' and concurrency_limit = 1;
        insert into reproq_leases (
            result_id, lease_no, worker_id, leased_until, lease_length, concurrency_key, slot, concurrency_limit
        )
        select -n, 1, ''w'', now(), ''1 s'', ''k'', 10 + n, 2 from generate_series(1, 2) n where %s > 0',
        E'I16 no more runs of a key than the widest limit: key k: 3 running\n'
        'I53 a ticket belongs to a record: lease ticket of run -1\n'
        'I53 a ticket belongs to a record: lease ticket of run -2')
) b (name, id, by_hand, reported);

select * from finish();
rollback;
