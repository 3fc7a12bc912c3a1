begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/broken.sql

-- A queue in which something of everything is going on breaks nothing.

select started('running', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 1}') as running \gset
select enqueue('blocked', '{"lock_key": "l"}') as blocked \gset
select claims();
select enqueue('ready') as ready, enqueue('later', '{"run_in": 60, "expires_in": 90}') as later,
    started('done') as done \gset
select reproq_complete(:done, 1);
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_edges (result_id, waits_for) values (:waiting, :ready);
select is(
    array[in_words(:running), in_words(:blocked), in_words(:ready), in_words(:later), in_words(:waiting)],
    array[
        'RUNNING with lease', 'BLOCKED with blocked', 'READY with ready', 'SCHEDULED with scheduled',
        'WAITING with none'
    ],
    'a run of every kind'
);
select is_empty('select * from reproq_violations()', 'a sound queue has no violation');

-- Each broken thing, made by hand, is reported; then it is undone.

select is(broken(format(b.by_hand, b.id)), format(b.reported, b.id), b.name)
from (values
    ('a READY run without a ticket', :ready, 'delete from reproq_ready where result_id = %s',
        'I9 a live run holds exactly one ticket of its kind: run %s is READY and holds none'),
    ('a RUNNING run without a lease', :running, 'delete from reproq_leases where result_id = %s',
        E'I51 a gate with a free place has somebody awake: gate lock:l, queue default\n'
        'I9 a live run holds exactly one ticket of its kind: run %s is RUNNING and holds none'),
    ('a SCHEDULED run without a ticket', :later, 'delete from reproq_scheduled where result_id = %s',
        'I9 a live run holds exactly one ticket of its kind: run %s is SCHEDULED and holds none'),
    ('a BLOCKED run without a ticket', :blocked, 'delete from reproq_blocked where result_id = %s',
        'I9 a live run holds exactly one ticket of its kind: run %s is BLOCKED and holds none'),
    ('a doubled ticket', :ready,
        'insert into reproq_ready (ring, queue_name, claim_order, result_id)
        select 1, queue_name, claim_order, result_id from reproq_ready where result_id = %s',
        'I9 a live run holds exactly one ticket of its kind: run %s is READY and holds ready, ready'),
    ('a ticket of the wrong kind', :ready,
        'delete from reproq_ready; insert into reproq_scheduled values (%s, ''2100-01-01'')',
        'I9 a live run holds exactly one ticket of its kind: run %s is READY and holds scheduled'),
    ('a WAITING run in line', :waiting,
        'insert into reproq_ready (ring, queue_name, claim_order, result_id)
        select 0, queue_name, claim_order, result_id from task_runs where result_id = %s',
        'I9 a live run holds exactly one ticket of its kind: run %s is WAITING and holds ready'),
    ('a ticket of a finished run', :done,
        'insert into reproq_scheduled values (%s, ''2100-01-01'')',
        'I9 a finished run holds no ticket: run %s is SUCCESSFUL and holds a scheduled ticket'),
    ('a ticket of nobody', 77, 'insert into reproq_scheduled values (%s, ''2100-01-01'')',
        'I53 a ticket belongs to a record: scheduled ticket of run %s'),
    ('an edge of nobody', :ready, 'insert into reproq_edges values (77, %s)',
        'I53 an edge belongs to two records: edge from run 77 to run %s'),
    ('an edge to nobody', :waiting, 'insert into reproq_edges values (%s, 77)',
        'I53 an edge belongs to two records: edge from run %s to run 77'),
    ('a ticket in the wrong queue', :ready,
        'update reproq_ready set queue_name = ''other'' where result_id = %s',
        'I9 a ticket stands where its record says: ready ticket of run %s'),
    ('a ticket in the wrong place', :ready,
        'update reproq_ready set claim_order = 1 where result_id = %s',
        'I9 a ticket stands where its record says: ready ticket of run %s'),
    ('a lease with another number', :running,
        'update reproq_leases set lease_no = 5 where result_id = %s',
        'I10 the lease bears the number of its record: run %s: lease 5, record 1'),
    ('a lease of another worker', :running,
        'update reproq_leases set worker_id = ''w2'' where result_id = %s',
        'I10 the lease bears the number of its record: run %s: lease 1, record 1'),
    ('too many attempts', :ready, 'update task_runs set attempts = 4 where result_id = %s',
        'I15 attempts and lost leases stay in bounds: run %s is READY: 4 of 3 attempts, 0 of 3 lost leases'),
    ('too many lost leases', :ready, 'update task_runs set lease_losses = 4 where result_id = %s',
        'I15 attempts and lost leases stay in bounds: run %s is READY: 0 of 3 attempts, 4 of 3 lost leases'),
    ('a run that waits for none', :waiting, 'delete from reproq_edges where result_id = %s',
        'I27 a WAITING run waits for an unfinished one: run %s'),
    ('a run that waits for finished ones alone', :waiting,
        'update reproq_edges set waits_for = (select result_id from task_runs where status = ''SUCCESSFUL'')
        where result_id = %s',
        'I27 a WAITING run waits for an unfinished one: run %s'),
    ('a run that waits for a broken one', :waiting,
        'insert into task_runs (result_id, spec_json, status) values (1, ''{"task_path": "a.x"}'', ''FAILED'');
        insert into reproq_edges values (%s, 1)',
        'I27 a WAITING run waits for an unfinished one: run %s'),
    ('a free gate with nobody awake', :blocked,
        'update reproq_blocked set gate = ''lock:free'' where result_id = %s',
        E'I51 a gate with a free place has somebody awake: gate lock:free, queue default\n'
        'I9 a ticket stands where its record says: blocked ticket of run %s at lock:free')
) b (name, id, by_hand, reported);

-- What the tables refuse by themselves (I9, I16, and the states of a record).

select throws_ok(b.by_hand, b.code, null, b.name)
from (values
    ('an unknown status', 'insert into task_runs (spec_json, status) values (''{"task_path": "a.x"}'', ''DONE'')', '23514'),
    ('a RUNNING record without a lease', format('update task_runs set leased_until = null where result_id = %s', :running), '23514'),
    ('a READY record with a lease', format('update task_runs set leased_until = now() where result_id = %s', :ready), '23514'),
    ('a finished record without a time', format('update task_runs set finished_at = null where result_id = %s', :done), '23514'),
    ('a live record with a time of its end', format('update task_runs set finished_at = now() where result_id = %s', :ready), '23514'),
    ('attempts below 0', format('update task_runs set attempts = -1 where result_id = %s', :ready), '23514'),
    ('an empty path', format('update task_runs set task_path = '''' where result_id = %s', :ready), '23514'),
    ('a second lease of a run',
        format('insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length)
            values (%s, 2, ''w'', now(), ''1 s'')', :running), '23505'),
    ('a second holder of a lock',
        'insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length, lock_key)
            values (78, 1, ''w'', now(), ''1 s'', ''l'')', '23505'),
    ('a second holder of a slot',
        'insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length,
            concurrency_key, slot, concurrency_limit)
            values (78, 1, ''w'', now(), ''1 s'', ''k'', 1, 2)', '23505'),
    ('a slot above the limit',
        'insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length,
            concurrency_key, slot, concurrency_limit)
            values (78, 1, ''w'', now(), ''1 s'', ''k'', 2, 1)', '23514'),
    ('a key without a slot',
        'insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length,
            concurrency_key, concurrency_limit)
            values (78, 1, ''w'', now(), ''1 s'', ''k'', 1)', '23514'),
    ('a run that waits for itself', format('insert into reproq_edges values (%1$s, %1$s)', :waiting), '23514'),
    ('a second live run of a hash',
        format('insert into task_runs (spec_json, spec_hash) select spec_json, spec_hash from task_runs
            where result_id = %s', :ready), '23505')
) b (name, by_hand, code);
select is_empty('select * from reproq_violations()', 'nothing of it is left');

select * from finish();
rollback;
