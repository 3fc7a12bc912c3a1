begin;
select no_plan();
\ir helpers/setup.sql

create function spec(zone text)
returns jsonb
language plpgsql
as $$
begin
    perform set_config('TimeZone', zone, true);
    return _reproq_spec_json(
        'a.b', '[1]', '{}', false, 'mail', 5, null, 'k', 2, '2100-05-01T12:00:00.25+02', 60, 3, null
    );
end;
$$;

select is(
    spec('UTC'),
    '{
        "v": 1, "task_path": "a.b", "args": [1], "kwargs": {}, "takes_context": false,
        "queue_name": "mail", "priority": 5, "lock_key": null, "concurrency_key": "k",
        "concurrency_limit": 2, "run_after": "2100-05-01T10:00:00.250000+00:00",
        "exec": {"timeout_seconds": 60, "max_attempts": 3},
        "provenance": {"code_ref": null, "pip_lock_hash": null}
    }',
    'a spec has these keys, its time in UTC'
);
select is(spec('Asia/Kathmandu'), spec('UTC'), 'the time zone of a session does not change it');

select * from finish();
rollback;
