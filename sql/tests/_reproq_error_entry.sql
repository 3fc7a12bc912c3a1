begin;
select no_plan();
\ir helpers/setup.sql

select started('a', '{"expires_in": 60}') as a \gset
create function entry(outcome text, status text, error jsonb) returns jsonb language sql volatile as $$
    select _reproq_error_entry(entry.outcome, entry.status, entry.error, r.task_path, r.attempts, r.leased_by,
        r.expires_at, '2100-01-01 13:00:00.5+01')
    from task_runs r limit 1;
$$;
select is(
    entry(e.outcome, e.status, e.error),
    e.entry || '{"attempt": 1, "worker_id": "w1", "at": "2100-01-01T12:00:00.500000Z"}', e.name
)
from (values
    ('a failure', 'fail', 'RETRY', '{"kind": "timeout", "message": "m", "more": 1}'::jsonb,
        '{"kind": "timeout", "message": "m", "more": 1}'::jsonb),
    ('a failure without a kind is the task''s own', 'fail', 'FAILED', '{"message": "m"}',
        '{"kind": "app_error", "message": "m"}'),
    ('a failure without anything', 'fail', 'FAILED', null, '{"kind": "app_error", "message": ""}'),
    ('a result that is too large', 'complete', 'FAILED', null, '{"kind": "result_too_large",
        "message": "result_too_large: the result has more than 1 MiB of JSON text"}'),
    ('a lost lease', 'lose', 'READY', null, '{"kind": "lease_lost",
        "message": "lease_lost: worker w1 did not renew its lease in time"}'),
    ('an expired run', 'expire', 'FAILED', null, '{"kind": "expired",
        "message": "expired: not picked up before 2100-01-01 12:01:00+00"}'),
    ('a cancelled run', 'cancel', 'CANCELLED', null, '{"kind": "cancelled", "message": "cancelled",
        "task_path": "shop.tasks.work"}'),
    ('a failure on request', 'fail', 'CANCELLED', '{"kind": "timeout", "message": "m"}',
        '{"kind": "cancelled", "message": "m", "task_path": "shop.tasks.work"}')
) e (name, outcome, status, error, entry);
select is(entry('complete', 'SUCCESSFUL', null), null, 'a success is no error');
select is(entry('release', 'READY', null), null, 'nor is a release');
select is(entry('free', 'RETRY', null), null, 'nor the release of a dependant');
select is(
    entry('fail', 'FAILED', '{"attempt": 99, "worker_id": "forged", "at": "never"}') -> 'attempt', '1',
    'attempt, worker and time are not the worker''s to say'
);
select is(
    (
        select array_agg(length(v) order by k)
        from jsonb_each_text(entry('fail', 'FAILED', jsonb_build_object(
            'kind', repeat('k', 70000), 'exception_class', repeat('c', 70000), 'junk', repeat('j', 70000),
            'message', repeat('m', 70000), 'traceback', repeat('t', 70000)
        ))) e (k, v)
    ),
    array[27, 1, 500, 100, 8192, 32768, 4, 2], 'what is huge is cut, key by key'
);

select * from finish();
rollback;
