begin;
select no_plan();
\ir helpers/setup.sql

-- Turning follows Postgres's counts of dead tickets, which a transaction cannot see of its own work:
-- that is tested where transactions commit. Here: what is left behind in old parts moves on.

select is(_reproq_turn_ring(), 0, 'without a row of settings part 0 is current, and nothing moves');
select enqueue('a', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 2, "queue": "q"}') as a,
    enqueue('b') as b \gset
select (t)::text as ticket from reproq_ready t where result_id = :a \gset
insert into reproq_ring (current) values (1);
select enqueue('c') as c \gset
select is(_reproq_turn_ring(), 2, 'tickets in old parts move on');
select is((select array_agg(distinct ring) from reproq_ready), '{1}', 'to the current one');
select is(
    (select (t)::text from reproq_ready t where result_id = :a), regexp_replace(:'ticket', '^.0', '(1'),
    'as they were'
);
select is(_reproq_turn_ring(), 0, 'and then rest');

-- A doubled ticket does not stop it (I52).
insert into reproq_ready (ring, queue_name, claim_order, result_id, lock_key, concurrency_key, concurrency_limit)
select 2, queue_name, claim_order, result_id, lock_key, concurrency_key, concurrency_limit from reproq_ready
where result_id = :b;
select lives_ok('select _reproq_turn_ring()', 'a ticket that is there already stops nothing');
select is(tickets_of(:b), 'ready', 'and is one again');

-- At most 10000 a call.
insert into reproq_ready (ring, queue_name, claim_order, result_id) select 2, 'x', n, n from generate_series(1, 10001) n;
select is(_reproq_turn_ring(), 10000, 'at most 10000 move a call');
select is(_reproq_turn_ring(), 1, 'the rest at the next');

-- Switched off.
update reproq_ring set rotate = false, current = 0;
select is(_reproq_turn_ring(), 0, 'nothing moves where rotation is switched off');

select * from finish();
rollback;
