begin;
select no_plan();
\ir helpers/setup.sql

create function reasons(id bigint) returns text language sql volatile as
'select string_agg(e.reason, '' '' order by e.reason) from reproq_explain(id) e';
prepare look(bigint, text) as select e.detail, e.until from reproq_explain($1) e where e.reason = $2;

select enqueue('a', '{"priority": 3}') as a \gset
select is(reasons(:a), 'in_line no_worker', 'a READY run without a worker of its queue');
select row_eq(
    format('execute look(%s, ''no_worker'')', :a), row('{"queue_name": "default"}'::jsonb, null::timestamptz),
    'says which queue nobody serves'
);
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

select started('tried') as tried \gset
select is(reasons(:tried), 'running', 'a RUNNING run runs');
select row_eq(
    format('execute look(%s, ''running'')', :tried),
    row(
        '{"worker_id": "w1", "lease_no": 1, "started_at": "2100-01-01T12:02:00+00:00",
            "cancel_requested": false, "lease_ran_out": false}'::jsonb,
        '2100-01-01 12:07Z'::timestamptz
    ),
    'with the worker, and the end of its lease'
);
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
        jsonb_build_object('gate', 'key:k', 'limit', 1, 'holders', jsonb_build_array(jsonb_build_object(
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
    (select until from reproq_explain(:kept) where reason = 'blocked'), _reproq_now() + '1 minute',
    'or until the first of them ends'
);
delete from reproq_leases where result_id = 1;

insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_edges (result_id, waits_for) values (:waiting, :holder), (:waiting, :kept), (:waiting, :tried);
select is(reasons(:waiting), 'predecessor predecessor', 'a run that waits has a reason for each run it waits for');
select set_eq(
    format('select detail from reproq_explain(%s)', :waiting),
    array[
        jsonb_build_object('result_id', :holder, 'status', 'RUNNING'),
        jsonb_build_object('result_id', :kept, 'status', 'BLOCKED')
    ],
    'with what that one is doing; finished ones are no reason'
);

select throws_ok('select * from reproq_explain(77)', 'RQ002', 'there is no run 77', 'an unknown run');
select throws_ok('select * from reproq_explain(null)', 'RQ002', null, 'a null');

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

select * from finish();
rollback;
