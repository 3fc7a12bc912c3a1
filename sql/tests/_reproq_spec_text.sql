begin;
select no_plan();
\ir helpers/setup.sql

create function spec(zone text)
returns text
language plpgsql
as $$
begin
    perform set_config('TimeZone', zone, true);
    return _reproq_spec_text(
        'a.b', '[1]', '{}', false, 'mail', 5, null, 'k', 2, '2100-05-01T12:00:00.25+02', 60, 3, null
    );
end;
$$;

select is(
    spec('UTC')::jsonb,
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

-- Text that JSON escapes, or that looks as if it should; each as every text of a spec and inside JSON.
create function odd_texts()
returns setof text
language sql
as $$
    select chr(c) from generate_series(1, 1100) c
    union all
    select unnest(array[
        'a"b', 'a\\b', '\\u0041', '\\"', '/', '</script>', '', ' ', '%s', 'null', '{"a": 1}', U&'\2028',
        U&'\+01F600', U&'\FEFF', U&'e\0301', repeat('x\"', 500)
    ])
$$;

select is_empty(
    $$
        select o
        from odd_texts() o
        cross join lateral _reproq_spec_text(
            o, jsonb_build_array(o, 1.0, 1e30, -0.0, null, true, jsonb_build_object(o, o)),
            jsonb_build_object('zz', o, 'a', '{"b": [], "a": {}}'::jsonb, 'b', 12345678901234567890.5),
            true, o, -5, o, o, 1000000, '2100-05-01T12:00:00.25+02', 31536000, 10000,
            jsonb_build_object('pip_lock_hash', null, 'code_ref', o)
        ) t
        where t <> t::jsonb::text or t::jsonb ->> 'task_path' <> o or t::jsonb ->> 'queue_name' <> o
            or t::jsonb ->> 'lock_key' <> o or t::jsonb ->> 'concurrency_key' <> o
    $$,
    'a spec is written as jsonb writes it'
);
select is(
    _reproq_spec_text('a.b', '[]', '{}', false, 'q', 0, null, null, 0, null, 1, 1, null),
    _reproq_spec_text('a.b', '[]', '{}', false, 'q', 0, null, null, 0, null, 1, 1, null)::jsonb::text,
    'one with nulls, too'
);

select * from finish();
rollback;
