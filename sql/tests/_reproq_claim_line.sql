begin;
select no_plan();
\ir helpers/setup.sql

create function started_names(wanted integer, queue text default 'default') returns text
language sql volatile as $$
    select coalesce(string_agg((run(s.id)).spec_json #>> '{args,0}', ' ' order by s.place), '')
    from unnest(_reproq_claim_line('w1', queue, wanted, '5 minutes')) with ordinality s (id, place);
$$;

-- A blocked head never hides what is behind it (I13).

select started('holder', '{"lock_key": "l"}') as holder \gset
select reproq_enqueue_many((
    select jsonb_agg(jsonb_build_object(
        'task_path', 'shop.tasks.work', 'args', jsonb_build_array(n), 'lock_key', 'l', 'priority', 1
    ))
    from generate_series(1, 600) n
));
select enqueue('behind') as behind, enqueue('next') \gset
select is(started_names(1), 'behind', 'a claim looks past any number of blocked runs');
select is((select count(*) from reproq_blocked), 600::bigint, 'which are parked on the way');
select is(started_names(5), 'next', 'and are no longer in the way');
select reproq_complete(:holder, 1);
select is(started_names(5), '1', 'of those that wait for a lock one starts');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- A run with a limit starts while fewer run than its own limit (I16).

delete from task_runs;
select enqueue(n || '', '{"concurrency_key": "k", "concurrency_limit": 3, "queue": "q"}') from generate_series(1, 7) n;
select is(started_names(2, 'q'), '1 2', 'up to what is wanted');
select is(started_names(5, 'q'), '3', 'up to the limit');
select is(started_names(5, 'q'), '', 'and no more');
select reproq_complete(result_id, 1) from reproq_leases where slot = 2;
select is(started_names(5, 'q'), '4', 'a place that is free is taken again');
select results_eq(
    'select slot from reproq_leases order by 1', '{1,2,3}'::integer[], 'each under a slot of its own'
);
select enqueue('other', '{"queue": "q"}'), enqueue('wide', '{"concurrency_key": "k", "concurrency_limit": 4, "queue": "q"}'),
    enqueue('another key', '{"concurrency_key": "K", "concurrency_limit": 1, "queue": "q"}');
select is(started_names(5, 'q'), 'other wide another key', 'others pass, also of the same key with a wider limit');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- Locks and keys together, over queues.

delete from task_runs;
select started('a', '{"lock_key": "l", "queue": "q1"}') as a \gset
select enqueue('b', '{"lock_key": "l", "queue": "q2"}') as b \gset
select is(started_names(5, 'q2'), '', 'a lock holds over all queues');
select reproq_complete(:a, 1);
select is(started_names(5, 'q2'), 'b', 'and is free for all of them');

-- Runs that expired stand in nobody's way, whatever stands ahead of them.

delete from task_runs;
select started('holder', '{"lock_key": "l"}') as holder \gset
select enqueue('blocked', '{"lock_key": "l", "priority": 9}'), enqueue('old', '{"expires_in": 60, "priority": 8}'),
    enqueue('old at a gate', '{"expires_in": 60, "priority": 7, "lock_key": "m"}'),
    enqueue('behind it', '{"priority": 6, "lock_key": "m"}'), enqueue('last');
select advance('60 s');
select is(started_names(1), 'behind it', 'behind a blocked run one that expired hides nobody');
select is(started_names(5), 'last', 'nor does it take a place at its lock');
select reproq_tick();
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- A claim locks 128 gates at most, and says when there is more.

delete from task_runs;
select enqueue(n || '', jsonb_build_object('lock_key', n || '', 'queue', 'many')) from generate_series(1, 258) n;
select is(cardinality(string_to_array(started_names(1000, 'many'), ' ')), n, 'a claim locks 128 gates at most')
from unnest('{128,128,2}'::integer[]) n;
select enqueue('again ' || n, jsonb_build_object('lock_key', n || '', 'queue', 'many')) from generate_series(1, 258) n;
select enqueue('free', '{"queue": "many", "lock_key": "free"}');
select is(started_names(1, 'many'), n, 'and looks further at the next call')
from unnest('{"","",free}'::text[]) n;

insert into reproq_queue_controls (queue_name, paused) values ('p', true);
select enqueue('paused', '{"queue": "p"}');
select is(started_names(5, 'p'), '', 'from a paused queue nothing starts (I14)');

select * from finish();
rollback;
