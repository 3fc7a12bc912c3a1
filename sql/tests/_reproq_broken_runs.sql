begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/broken.sql

select started('running', '{"expires_in": 60}') as running, enqueue('ready') as ready \gset
select started('spent', '{"max_attempts": 1}') as spent, started('given up') as failed \gset
select reproq_fail(:failed, 1, '{"message": "x"}', false);
select started('again', '{"max_attempts": 2}') as again \gset
select reproq_fail(:again, 1, '{}');
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'FAILED');
select is(
    array[(run(:spent)).attempts, (run(:again)).attempts], array[1, 1],
    'a run that has no attempt left but this one, and one that has one more'
);
select is_empty('select * from _reproq_broken_runs()', 'are sound');

select is(broken(format(b.by_hand, b.id)), format(b.reported, b.id), b.name)
from (values
    ('a run that was started after it had expired', :running,
        'update task_runs set last_attempted_at = expires_at where result_id = %s',
        'I8 an expired run is never started: run %s was started at 2100-01-01 12:01:00+00'
        ' and had expired at 2100-01-01 12:01:00+00'),
    ('a RUNNING run with too many attempts', :spent, 'update task_runs set attempts = 2 where result_id = %s',
        'I15 attempts and lost leases stay in bounds: run %s is RUNNING: 2 of 1 attempts, 0 of 3 lost leases'),
    ('a run that waits for an attempt too many', :again, 'update task_runs set attempts = 2 where result_id = %s',
        'I15 attempts and lost leases stay in bounds: run %s is SCHEDULED: 2 of 2 attempts, 0 of 3 lost leases'),
    ('a cancelled run that stands in line', :ready, 'update task_runs set cancel_requested = true where result_id = %s',
        'I21 a run whose cancellation is requested is RUNNING or has ended: run %s is READY'),
    ('a failure at no time', :failed, 'update task_runs set failed_at = null where result_id = %s',
        'I23 a run that failed says when and why: run %s'),
    ('a failure without a reason', :failed, 'update task_runs set errors_json = ''[]'' where result_id = %s',
        'I23 a run that failed says when and why: run %s')
) b (name, id, by_hand, reported);
select reproq_cancel(:running);
select is_empty('select * from _reproq_broken_runs()', 'a RUNNING run may be asked to stop');

select * from finish();
rollback;
