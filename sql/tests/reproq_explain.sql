begin;
select no_plan();
\ir helpers/setup.sql

create function reasons(id bigint) returns text language sql volatile as
'select string_agg(e.reason, '' '' order by e.reason) from reproq_explain(id) e';
create function reasons_that_block(id bigint) returns text language sql volatile as
'select coalesce(string_agg(e.reason, '' '' order by e.reason), '''') from reproq_explain(id) e where e.blocks';
create function earliest(id bigint) returns timestamptz language sql volatile as
'select distinct e.earliest from reproq_explain(id) e';
prepare look(bigint, text) as select e.detail, e.until from reproq_explain($1) e where e.reason = $2;

select enqueue('a', '{"priority": 3}') as a \gset
select is(reasons(:a), 'in_line no_worker', 'a READY run without a worker of its queue');
select row_eq(
    format('execute look(%s, ''no_worker'')', :a),
    row('{"queue_name": "default", "last_seen_at": null}'::jsonb, null::timestamptz),
    'says which queue nobody serves'
);
select is(reasons_that_block(:a), '', 'but a claim would start it');
select is(earliest(:a), _reproq_now(), 'at once');
select reproq_register_worker('w1', queues => '{mail,default}');
select is(reasons(:a), 'in_line', 'with a worker it only waits its turn');
select enqueue('b', '{"priority": 9}'), enqueue('c', '{"priority": 3}'), enqueue('d', '{"queue": "mail"}');
select row_eq(
    format('execute look(%s, ''in_line'')', :a),
    row('{"queue_name": "default", "priority": 3, "ahead": 1}'::jsonb, _reproq_now()),
    'and says how many stand before it in its queue'
);
select advance('2 minutes');
select is(reasons(:a), 'in_line no_worker', 'a worker not seen for two minutes serves nobody');
select is(
    (select detail ->> 'last_seen_at' from reproq_explain(:a) where reason = 'no_worker'),
    '2100-01-01T12:00:00+00:00', 'and when the last one was seen is told'
);
select reproq_register_worker('w1', queues => '{mail,default}');

insert into reproq_queue_controls (queue_name, paused, paused_at, reason)
values ('default', true, _reproq_now(), 'maintenance');
select is(reasons(:a), 'in_line queue_paused', 'a paused queue is a reason more');
select row_eq(
    format('execute look(%s, ''queue_paused'')', :a),
    row(
        '{"queue_name": "default", "paused_at": "2100-01-01T12:02:00+00:00", "reason": "maintenance"}'
        ::jsonb, null::timestamptz
    ),
    'with the reason of whoever paused it'
);
select is(reasons_that_block(:a), 'queue_paused', 'that a claim obeys');
delete from reproq_queue_controls;

select enqueue('later', '{"run_in": 60, "expires_in": 90}') as later \gset
select is(reasons(:later), 'expires not_due', 'a run whose time has not come, and that will expire');
select row_eq(
    format('execute look(%s, ''not_due'')', :later),
    row(
        '{"run_after": "2100-01-01T12:03:00+00:00", "attempts": 0, "max_attempts": 3,
            "last_error": null}'::jsonb, '2100-01-01 12:03Z'::timestamptz
    ),
    'says when it can start'
);
select row_eq(
    format('execute look(%s, ''expires'')', :later),
    row('{"expires_at": "2100-01-01T12:03:30+00:00"}'::jsonb, '2100-01-01 12:03:30Z'::timestamptz),
    'and when it will be too late'
);
select is(reasons_that_block(:later), 'not_due', 'until then no claim starts it');
select is(earliest(:later), _reproq_now() + '1 minute', 'and after that one does');
select enqueue('in vain', '{"run_in": 60, "expires_in": 61}') as vain \gset
update task_runs set expires_at = run_after where result_id = :vain;
select is(earliest(:vain), null, 'one that expires as soon as it might start never will');
select reproq_cancel(:vain);

select started('tried') as tried \gset
select is(reasons(:tried), 'running', 'a RUNNING run runs');
select row_eq(
    format('execute look(%s, ''running'')', :tried),
    row(
        '{"worker_id": "w1", "lease_no": 1, "started_at": "2100-01-01T12:02:00+00:00",
            "cancel_requested": false, "lease_ran_out": false,
            "worker_seen_at": "2100-01-01T12:02:00+00:00"}'::jsonb,
        '2100-01-01 12:07Z'::timestamptz
    ),
    'with the worker, and the end of its lease'
);
select is(earliest(:tried), null, 'there is no time at which it can start');
select reproq_fail(:tried, 1, '{"message": "no luck"}');
select row_eq(
    format('execute look(%s, ''backoff'')', :tried),
    row(
        '{"run_after": "2100-01-01T12:02:30+00:00", "attempts": 1, "max_attempts": 3,
            "last_error": "no luck"}'::jsonb, '2100-01-01 12:02:30Z'::timestamptz
    ),
    'after a failure it waits for its backoff, and says why'
);
select reproq_cancel(:tried);
select is(reasons(:tried), 'finished', 'a finished run is not running any more');
select row_eq(
    format('execute look(%s, ''finished'')', :tried),
    row(
        '{"status": "CANCELLED", "finished_at": "2100-01-01T12:02:00+00:00",
            "last_error": "cancelled"}'::jsonb, null::timestamptz
    ),
    'and says how it ended'
);

select started('holder', '{"concurrency_key": "k", "concurrency_limit": 1}') as holder \gset
select enqueue('kept out', '{"concurrency_key": "k", "concurrency_limit": 1, "priority": 999}') as kept \gset
select claims();
select is(reasons(:kept), 'blocked', 'a run at a full key is blocked');
select row_eq(
    format('execute look(%s, ''blocked'')', :kept),
    row(
        jsonb_build_object('gate', 'key:k', 'limit', 1, 'parked', true, 'holders', jsonb_build_array(jsonb_build_object(
            'result_id', :holder, 'worker_id', 'w1', 'leased_until', '2100-01-01T12:07:00+00:00'
        ))),
        '2100-01-01 12:07Z'::timestamptz
    ),
    'by those who hold it, at most until their leases end'
);
insert into reproq_leases (
    result_id, lease_no, worker_id, leased_until, lease_length, concurrency_key, slot, concurrency_limit
)
values (1, 1, 'w2', _reproq_now() + '1 minute', '1 minute', 'k', 2, 2);
select is(
    (select until from reproq_explain(:kept) where reason = 'blocked'), _reproq_now() + '5 minutes',
    'or until so many of them have ended that there is room'
);
delete from reproq_leases where result_id = 1;
select is(earliest(:kept), _reproq_now(), 'a holder may end at any moment');
select enqueue('next', '{"concurrency_key": "k", "concurrency_limit": 1}') as next \gset
select is(reasons_that_block(:next), 'blocked', 'a run in line is told the gates that it will meet');
select is(
    (select detail -> 'parked' from reproq_explain(:next) where reason = 'blocked'), 'false',
    'though it is not parked there'
);
select enqueue('wider', '{"concurrency_key": "k", "concurrency_limit": 2}') as wider \gset
select is(reasons_that_block(:wider), '', 'its own limit counts');
select reproq_cancel(:next), reproq_cancel(:wider);

insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_edges (result_id, waits_for) values (:waiting, :holder), (:waiting, :kept), (:waiting, :tried);
select is(reasons(:waiting), 'predecessor predecessor', 'a run that waits has a reason for each run it waits for');
select set_eq(
    format('select detail from reproq_explain(%s)', :waiting),
    array[
        jsonb_build_object(
            'result_id', :holder, 'status', 'RUNNING', 'task_path', 'shop.tasks.work', 'worker_id', 'w1',
            'leased_until', '2100-01-01T12:07:00+00:00'
        ),
        jsonb_build_object('result_id', :kept, 'status', 'BLOCKED', 'task_path', 'shop.tasks.work')
    ],
    'with what that one is doing; finished ones are no reason'
);

select throws_ok('select * from reproq_explain(77)', 'RQ002', 'there is no run 77', 'an unknown run');
select throws_ok('select * from reproq_explain(null)', 'RQ002', null, 'a null');

-- A run that waits for others meets its gates and its time after them.

update task_runs
set run_after = _reproq_now() + '1 hour', lock_key = 'held' where result_id = :waiting;
select started('other', '{"lock_key": "held"}') as other \gset
select is(
    reasons_that_block(:waiting), 'blocked not_due predecessor predecessor', 'what is to come is told, too'
);
select is(earliest(:waiting), _reproq_now() + '1 hour', 'it starts no earlier than its time');
update task_runs set run_after = null, lock_key = null where result_id = :waiting;

-- A run that lost its ticket says so, in every state.

select enqueue('stray') as stray \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.c"}', 'WAITING')
returning result_id as alone \gset
delete from reproq_ready where result_id = :stray;
delete from reproq_scheduled where result_id = :later;
delete from reproq_blocked where result_id = :kept;
delete from reproq_leases where result_id = :holder;
select is(reasons(r.id), r.reasons, 'a ' || (run(r.id)).status || ' run without a ticket is stranded')
from (values
    (:stray, 'no_ticket'), (:later, 'expires no_ticket'), (:kept, 'no_ticket'),
    (:holder, 'no_ticket'), (:alone, 'no_ticket')
) r (id, reasons);

-- Token buckets.

select reproq_set_rate_limit('task:shop.tasks.work', 0.25, 1);
select started('spends') as spends, enqueue('saves', '{"priority": 1000}') as saves \gset
select is(reasons_that_block(:saves), 'blocked', 'an empty bucket blocks');
select row_eq(
    format('execute look(%s, ''blocked'')', :saves),
    row(
        '{"gate": "rate:task:shop.tasks.work", "tokens": 0, "tokens_per_second": 0.25, "burst_size": 1,
            "parked": false, "lifted": false}'::jsonb, _reproq_now() + '4 s'
    ),
    'until its next token, and says which it is'
);
select is(claims(), '', 'a claim agrees');
select is(
    (select detail -> 'parked' from reproq_explain(:saves) where reason = 'blocked'), 'true', 'and parks it'
);
select is(earliest(:saves), _reproq_now() + '4 s', 'no earlier than the token can it start');
select advance('3.999 s');
select is(reasons_that_block(:saves), 'blocked', 'and not a moment before');
select advance('1 ms');
select is(reasons_that_block(:saves), '', 'then nothing blocks it');
select is(
    (select detail ->> 'gate' from reproq_explain(:saves) where reason = 'blocked'),
    'rate:task:shop.tasks.work', 'though it is parked there until a claim comes by'
);
select reproq_set_rate_limit('task:shop.tasks.work', 0);
select is(
    (select detail -> 'lifted' from reproq_explain(:saves) where reason = 'blocked' and blocks), 'true',
    'where the limit was lifted the next tick frees it'
);
select * from reproq_tick();
select is(reasons(:saves), 'in_line', 'as it does');
select reproq_set_rate_limit('global', 1e-300, 1);
update rate_limits set current_tokens = 0 where key = 'global';
select is(earliest(:saves), null, 'a rate that gives no token in a lifetime lets nobody start');
select reproq_delete_rate_limit('global');

-- What is long due waits for the tick; what became due just now, for nobody.

select enqueue('due', '{"run_in": 10}') as due \gset
select advance('12 s');
select is(reasons_that_block(:due), '', 'a claim brings back what has just become due');
select matches(reasons(:due), '^due', 'which is told');
select advance('5 minutes');
select is(reasons_that_block(:due), 'due', 'what was left for long is the tick''s');
select enqueue('late', '{"expires_in": 10}') as late \gset
select advance('10 s');
select is(reasons_that_block(:late), 'expires', 'a run that is too old is not started');
select is(earliest(:late), null, 'never');

-- One of several that wait for a place that is free.

select started('first', '{"lock_key": "m", "queue": "m"}') as first,
    enqueue('second', '{"lock_key": "m", "queue": "m", "priority": 9}') as second,
    enqueue('third', '{"lock_key": "m", "queue": "m"}') as third \gset
select claims(9, '{m}');
select reproq_complete(:first, 1);
select row_eq(
    format('select detail, blocks from reproq_explain(%s) where reason = ''blocked''', :third),
    row(
        jsonb_build_object(
            'gate', 'lock:m', 'limit', 1, 'parked', true, 'holders', '[]'::jsonb,
            'awake', jsonb_build_array(:second)
        ), false
    ),
    'is told who is before it'
);

select * from finish();
rollback;
