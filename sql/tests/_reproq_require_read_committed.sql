begin isolation level repeatable read;
select no_plan();
\ir helpers/setup.sql

-- A run of every kind, as another program would insert them; a claim is refused here.
insert into task_runs (spec_json, status) values ('{"task_path": "a.a"}', 'RUNNING')
returning result_id as a \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.c"}', 'FAILED')
returning result_id as c \gset

select throws_ok(
    format('select ' || f.call, :a), '25000', 'reproq: isolation level repeatable read looks at an old snapshot',
    f.call || ' is refused (I5)'
)
from (values
    ('_reproq_require_read_committed()'), ('reproq_claim(''w1'')'), ('reproq_complete(%s, 1)'),
    ('reproq_fail(%s, 1, ''{}'')'), ('reproq_release(%s, 1)'), ('reproq_finish(''w1'', ''[]'')'),
    ('reproq_cancel(%s)'), ('reproq_retry(%s)'), ('reproq_reclaim()'), ('reproq_tick()'),
    ('_reproq_expire(array[%s])'), ('reproq_prune(''{FAILED}'', ''0'')'), ('reproq_repair()'),
    ('reproq_cancel_workflow(gen_random_uuid())'), ('reproq_retry_workflow(gen_random_uuid())')
) f (call);
select throws_ok(
    'delete from task_runs where status = ''RUNNING''', '25000', null, 'so is deleting a live run, which frees its gates'
);
select lives_ok('delete from task_runs where status = ''FAILED''', 'but not deleting a finished one');
select is(in_words(:a), 'RUNNING with lease', 'a refused call changes nothing');

select lives_ok(format('select * from ' || f.call, :a), f.call || ' works at every level')
from (values
    ('reproq_enqueue(''a.b'')'), ('reproq_enqueue(''a.b'')'),
    ('reproq_enqueue_many(''[{"task_path": "a.b"}]'')'), ('reproq_explain(%s)'), ('reproq_stats()'),
    ('reproq_violations()'), ('reproq_replay(%s)'), ('reproq_save_metadata(%s, 1, ''{}'')'),
    ('reproq_heartbeat(''w1'', ''{}'', ''{}'')'), ('reproq_register_worker(''w1'')'),
    ('reproq_retire_worker(''w1'')'), ('reproq_pause_queue(''q'')'), ('reproq_resume_queue(''q'')'),
    ('reproq_set_rate_limit(''queue:q'', 1)'), ('reproq_delete_rate_limit(''queue:q'')')
) f (call);

-- A twin that has expired cannot be settled here: a clear error, that trying again may cure.
select enqueue('old', '{"expires_in": 60}') as old \gset
select advance('60 s');
select throws_ok(
    'select enqueue(''old'')', '40001', format('reproq: run %s has expired and must be settled first', :old),
    'an expired twin is 40001'
);

select * from finish();
rollback;
