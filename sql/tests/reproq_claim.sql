begin;
select no_plan();
\ir helpers/setup.sql

-- What a claim returns and writes.

select is_empty('select * from reproq_claim(''w1'')', 'an empty line gives nothing');

select reproq_enqueue(
    'shop.tasks.charge', args => '[1]', max_attempts => 5, timeout_seconds => 60, priority => 2,
    traceparent => '00-' || repeat('a', 32) || '-' || repeat('b', 16) || '-01',
    metadata => '{"a": 1}', run_after => '2100-01-01 11:00Z', backend_alias => 'other'
) as a \gset
select advance('1 minute');
select row_eq(
    'select * from reproq_claim(''w1'', lease => ''10 minutes'')',
    row(
        :a, 1::bigint, 1, 'shop.tasks.charge'::text, 'default'::text, (run(:a)).spec_json, 60, 5, 2,
        'other'::text, '2100-01-01 11:00Z'::timestamptz, '2100-01-01 12:00Z'::timestamptz,
        '2100-01-01 12:01Z'::timestamptz, '2100-01-01 12:01Z'::timestamptz,
        '2100-01-01 12:11Z'::timestamptz, '["w1"]'::jsonb, '{"a": 1}'::jsonb, '[]'::jsonb,
        '00-' || repeat('a', 32) || '-' || repeat('b', 16) || '-01'
    ),
    'a claim returns all that a worker needs'
);
select is(in_words(:a), 'RUNNING with lease', 'a claimed run holds a lease and no place in line');
select row_eq(
    format(
        'select status, attempts, lease_no, leased_by, leased_until, worker_ids, started_at,
            last_attempted_at, updated_at from task_runs where result_id = %s', :a
    ),
    row(
        'RUNNING'::text, 1, 1::bigint, 'w1'::text, '2100-01-01 12:11Z'::timestamptz,
        '["w1"]'::jsonb, '2100-01-01 12:01Z'::timestamptz, '2100-01-01 12:01Z'::timestamptz,
        '2100-01-01 12:01Z'::timestamptz
    ),
    'the record says who has the run, since when and until when'
);
select row_eq(
    'select result_id, lease_no, worker_id, leased_until, lease_length from reproq_leases',
    row(:a, 1::bigint, 'w1'::text, '2100-01-01 12:11Z'::timestamptz, '10 minutes'::interval),
    'so does the lease'
);
select is(claims(), '', 'a RUNNING run is not claimed again');

select reproq_fail(:a, 1, '{"message": "first"}', retry_in => '1 minute');
select advance('1 minute');
select row_eq(
    'select lease_no, attempt, worker_ids, started_at, last_attempted_at,
        errors_json #>> ''{0,message}'' from reproq_claim(''w2'')',
    row(
        2::bigint, 2, '["w1", "w2"]'::jsonb, '2100-01-01 12:01Z'::timestamptz,
        '2100-01-01 12:02Z'::timestamptz, 'first'::text
    ),
    'a second claim counts on, keeps the first start and hands over what went wrong (I10)'
);
select reproq_complete(:a, 2);
select is(claims(), '', 'a finished run is not claimed');

-- How many, and in which order.

select enqueue(n) from unnest('{a,b,c,d,e}'::text[]) n;
select is(claims(2), 'a b', 'no more than max_tasks, in the order in which they became ready');
select is(claims(100), 'c d e', 'the rest, when there are fewer');
select is((select max(lease_no) from reproq_leases), 1::bigint, 'every run''s lease numbers are its own');

select reproq_enqueue_many(jsonb_agg(jsonb_build_object(
    'task_path', 'shop.tasks.work', 'queue', 'bulk', 'args', jsonb_build_array(n)
) order by n)) from generate_series(1, 1001) n;
select is(
    (select count(*) from reproq_claim('w1', '{bulk}', 1000000)), 1000::bigint,
    'a claim takes at most 1000'
);
select is(claims(10, '{bulk}'), '1001', 'and the next one goes on');

delete from task_runs;
select enqueue('low', '{"priority": -1}'), enqueue('middle'), enqueue('high', '{"priority": 1}');
select is(claims(3), 'high middle low', 'the higher priority first');
select enqueue('old1'), advance('59 seconds'), enqueue('young1', '{"priority": 1}');
select is(claims(2), 'young1 old1', 'under the default aging 59 s of waiting are less than a point');
select enqueue('old2'), advance('61 seconds'), enqueue('young2', '{"priority": 1}');
select is(claims(2), 'old2 young2', 'and 61 s are more');
insert into reproq_queue_controls (queue_name, aging) values ('strict', '0'), ('quick', '1 second');
select enqueue('old3', '{"queue": "strict"}'), advance('10 years'),
    enqueue('young3', '{"queue": "strict", "priority": 1}');
select is(claims(2, '{strict}'), 'young3 old3', 'with an aging of 0 priority is strict');
select enqueue('old4', '{"queue": "quick"}'), advance('2 seconds'),
    enqueue('young4', '{"queue": "quick", "priority": 1}');
select is(claims(2, '{quick}'), 'old4 young4', 'aging is a setting of the queue');
select enqueue('a', '{"priority": 1000}'), enqueue('b', '{"priority": 2000000000}');
select is(claims(2), 'a b', 'priority counts up to 1000, and ties go to the lower id');
select is(
    (select array_agg(priority order by result_id desc) from task_runs where priority >= 1000),
    '{2000000000,1000}', 'the record keeps the priority that was given'
);

-- Queues.

delete from task_runs;
select enqueue('m', '{"queue": "mail"}'), enqueue('d');
select is(claims(5, '{mail}'), 'm', 'only from the queues asked for');
select enqueue('n', '{"queue": "mail"}');
select is(
    (select array_agg(w order by w) from unnest(string_to_array(claims(5, '{mail,default}'), ' ')) w),
    '{d,n}', 'from several queues until it has enough'
);
select enqueue(q || n, jsonb_build_object('queue', q))
from unnest('{x,y}'::text[]) q, generate_series(1, 40) n;
select is(
    (select count(distinct left(claims(1, '{x,y}'), 1)) from generate_series(1, 40)), 2::bigint,
    'each claim may begin at another queue, so none starves'
);
select is(claims(5, '{"q''; drop table task_runs;--","%I"}'), '', 'a queue that does not exist is empty');
select enqueue('odd', '{"queue": "q''; drop table task_runs;--"}');
select is(claims(5, '{"q''; drop table task_runs;--"}'), 'odd', 'a queue''s name is only a name (I45)');
select claims(1000, '{x,y}');

insert into reproq_queue_controls (queue_name, paused) values ('mail', true);
select enqueue('p', '{"queue": "mail"}'), enqueue('q');
select is(claims(5, '{mail,default}'), 'q', 'nothing is claimed from a paused queue (I14)');
update reproq_queue_controls set paused = false where queue_name = 'mail';
select is(claims(5, '{mail}'), 'p', 'a resumed queue goes on');

delete from task_runs;

-- Runs that wait for a time are brought in by the claim itself.

select enqueue('soon', '{"run_in": 60}') as soon \gset
select is(claims(), '', 'a run whose time has not come is not claimed');
select advance('60 seconds');
select is(claims(), 'soon', 'a claim starts what has just become due');
select enqueue('missed', '{"run_in": 60}');
select advance('7 minutes');
select is(claims(), '', 'what became due more than 5 minutes ago is left to the tick');
select reproq_tick();
select is(claims(2), 'soon missed', 'which brings it in');

-- Who is due hides nobody else who is.

delete from task_runs;
select enqueue(n || ' elsewhere', '{"queue": "elsewhere", "run_in": 60}') from generate_series(1, 1500) n;
select enqueue('too old', '{"run_in": 61, "expires_in": 62}'), enqueue('due', '{"run_in": 62}');
select advance('70 seconds');
select is(claims(), 'due', 'a claim brings in all that is due until it has enough');
select reproq_tick();

-- Expiry (I8).

delete from task_runs;
select enqueue('late', '{"expires_in": 60, "lock_key": "x"}') as late \gset
select enqueue('next', '{"lock_key": "x"}') as next \gset
select advance('60 seconds');
select is(claims(), 'next', 'an expired run is not started, and does not hide the next');
select reproq_tick();
select is(in_words(:late), 'FAILED with none', 'it ends');
select is((run(:late)).errors_json #>> '{0,kind}', 'expired', 'as expired');
select is((run(:late)).attempts, 0, 'without an attempt');
select reproq_complete(:next, 1);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- Tickets that say otherwise than the record stop nothing and start nothing (I52).

delete from task_runs;
insert into reproq_ready (ring, queue_name, claim_order, result_id) values (0, 'default', 1, 77);
select enqueue('a') as a \gset
select is(claims(), 'a', 'a ticket without a record does not hide the run behind it');
select is_empty('select 1 from reproq_ready', 'and is thrown away');

insert into reproq_ready (ring, queue_name, claim_order, result_id) values (0, 'default', 1, :a);
select is(claims(2), '', 'a ticket of a RUNNING run starts nothing');
select is((run(:a)).lease_no, 1::bigint, 'and leaves its lease alone');
insert into reproq_ready (ring, queue_name, claim_order, result_id) values (0, 'default', 1, :a);
select reproq_complete(:a, 1);
select is(claims(2), '', 'a ticket of a finished run starts nothing');
select is_empty('select 1 from reproq_ready', 'and is thrown away');

select enqueue('twice') as b \gset
insert into reproq_ready (ring, queue_name, claim_order, result_id)
select 1, queue_name, claim_order, result_id from reproq_ready
union all select 0, queue_name, 1, result_id from reproq_ready;
select enqueue('c');
select is(claims(5), 'twice c', 'a run with three tickets starts once');
select is(tickets_of(:b), 'lease', 'and keeps none of them');
select is((run(:b)).attempts, 1, 'and has one attempt');

select enqueue('twice locked', '{"lock_key": "l"}') as d \gset
insert into reproq_ready (ring, queue_name, claim_order, result_id, lock_key)
select 1, queue_name, claim_order, result_id, lock_key from reproq_ready;
select is(claims(5), 'twice locked', 'a doubled ticket does not block its own run at the lock');
select reproq_complete(:d, 1);
select is(claims(5) || tickets_of(:d), 'none', 'and is thrown away once the lock is free');

insert into reproq_ready (ring, queue_name, claim_order, result_id, lock_key)
values (0, 'default', 1, 77, 'm');
select enqueue('behind', '{"lock_key": "m"}') as e \gset
select is(claims(5) || claims(5), 'behind', 'an orphaned ticket takes no place at a lock');

select enqueue('held') as f \gset
insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length)
values (:f, 0, 'ghost', _reproq_now() + '1 hour', '1 hour');
select enqueue('g');
select is(claims(5), 'g held', 'a lease left behind does not stop a run, nor those beside it');
select is(
    (select (lease_no, worker_id)::text from reproq_leases where result_id = :f), '(1,w1)',
    'its place is taken by the new lease'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken by any of this');

-- A caller's temporary tables (I46).

create temp table task_runs (like task_runs);
create temp table reproq_leases (like reproq_leases);
select enqueue('hidden');
select is(claims(), 'hidden', 'temporary tables with the names of ours change nothing');
drop table pg_temp.task_runs, pg_temp.reproq_leases;

-- Asking for a NOTIFY.

select * from reproq_claim('w9', '{mail,default}', 5, wait => '10 seconds');
select set_eq(
    'select queue_name, worker_id, waiting_until from reproq_waiters',
    $$values ('mail', 'w9', _reproq_now() + '10 s'), ('default', 'w9', _reproq_now() + '10 s')$$,
    'a claim that got too little asks for a NOTIFY of each of its queues'
);
select enqueue('h');
select is(claims(1, '{mail,default}', 'w9'), 'h', 'one that got enough');
select is_empty(
    'select 1 from reproq_waiters where waiting_until > _reproq_now()', 'no longer asks'
);

-- Bad arguments.

select enqueue('kept') as kept \gset
select throws_ok('select * from reproq_claim(' || b.arguments || ')', b.code, b.message, b.name)
from (values
    ('a null worker', 'null', '22023', 'worker_id: must be a name of 1 to 255 characters'),
    ('an empty worker', $$''$$, '22023', null),
    ('a worker of 256 characters', $$repeat('w', 256)$$, '22023', null),
    ('null queues', $$'w', null$$, '22023', 'queues: must be 1 to 1000 names, none of them null'),
    ('no queues', $$'w', '{}'$$, '22023', null),
    ('a null queue', $$'w', array['a', null]$$, '22023', null),
    ('nested queues', $$'w', '{{a},{b}}'$$, '22023', null),
    ('10000 queues', $$'w', array_fill('q'::text, array[10000])$$, '22023', null),
    ('null max_tasks', $$'w', max_tasks => null$$, '22023', 'max_tasks: must be at least 1'),
    ('max_tasks 0', $$'w', max_tasks => 0$$, '22023', 'max_tasks: must be at least 1'),
    ('max_tasks -1', $$'w', max_tasks => -1$$, '22023', null),
    ('a null lease', $$'w', lease => null$$, '22023', 'lease: must be above 0 and at most 30 days'),
    ('a lease of 0', $$'w', lease => '0'$$, '22023', null),
    ('a lease of -1 s', $$'w', lease => '-1 s'$$, '22023', null),
    ('a lease of 31 days', $$'w', lease => '31 days'$$, '22023', null),
    ('a null wait', $$'w', wait => null$$, '22023', 'wait: must be between 0 and 1 hour'),
    ('a negative wait', $$'w', wait => '-1 s'$$, '22023', null),
    ('a wait of a day', $$'w', wait => '1 day'$$, '22023', null)
) b (name, arguments, code, message);
-- (Intervals without an end are new in PostgreSQL 17.)
select throws_ok('select * from reproq_claim(''w'', ' || b.argument || ')', '22023', null, b.argument)
from unnest(array['lease => ''infinity''', 'lease => ''-infinity''', 'wait => ''infinity''']) b (argument)
where current_setting('server_version_num')::integer >= 170000;
select is(in_words(:kept), 'READY with ready', 'a refused claim starts nothing');
select lives_ok(
    'select * from reproq_claim(''w'', array_fill(''q''::text, array[1000]))', '1000 queues are taken'
);

select is_empty('select * from reproq_violations()', 'no invariant is broken at the end');

-- Given runs and no others, of whatever queue, through the same gates.

delete from task_runs;
create function claimed(ids bigint[], wanted integer default 100) returns text
language sql volatile as $$
    select coalesce(string_agg(c.spec_json #>> '{args,0}', ' ' order by c.result_id), '')
    from reproq_claim('w1', max_tasks => wanted, result_ids => ids) c;
$$;
select enqueue('first'), enqueue('a', '{"queue": "q1"}') as a, enqueue('b', '{"queue": "q2"}') as b,
    enqueue('later', '{"run_in": 600}') as later, enqueue('l1', '{"lock_key": "l"}') as l1,
    enqueue('l2', '{"lock_key": "l"}') as l2, enqueue('old', '{"expires_in": 60}') as old \gset
select is(claimed(array[:a, :b, :later, :a, 0, null]), 'a b', 'those that are READY, of any queue, each once');
select is(claimed(array[:a]), '', 'not what is RUNNING');
select is(claimed(array[:l1, :l2]), 'l1', 'the gates hold for them, too');
select is(in_words(:l2), 'BLOCKED with blocked', 'and park who does not pass');
select advance('60 s');
select is(claimed(array[:old]), '', 'nothing that has expired');
insert into reproq_queue_controls (queue_name, paused) values ('q3', true);
select enqueue('c', '{"queue": "q3"}') as c \gset
select is(claimed(array[:c]), '', 'nothing of a paused queue (I14)');
select is(claimed('{}'), '', 'of no runs none');
select is(claims(9), 'first', 'nobody else was touched');
select throws_ok(
    $$select * from reproq_claim('w1', result_ids => array_fill(1::bigint, array[10001]))$$,
    '22023', null, 'too many ids at once'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
