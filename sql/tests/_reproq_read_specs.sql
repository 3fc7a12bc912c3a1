begin;
select no_plan();
\ir helpers/setup.sql

select results_eq(
    $$select place, task_path, queue_name, priority, run_after, expires_at, backoff_base, dedup
    from _reproq_read_specs('[
        {"task_path": "a.b", "priority": 2, "run_in": 1.5, "expires_in": "1 day"},
        {"task_path": "a.c", "backoff_base": "1 minute", "dedup": false, "queue": "mail"}
    ]', '', _reproq_now())$$,
    $$values
    (1::bigint, 'a.b'::text, 'default'::text, 2, '2100-01-01 12:00:01.5Z'::timestamptz,
        '2100-01-02 12:00Z'::timestamptz, interval '30 s', true),
    (2, 'a.c', 'mail', 0, null, null, '1 minute', false)$$,
    'specs become columns in their order, with times by the clock'
);
select is(
    (select spec_json from _reproq_read_specs('[{"task_path": "a.b"}]', '', _reproq_now())),
    (run(reproq_enqueue('a.b'))).spec_json, 'what is left out has the defaults of reproq_enqueue'
);
select is(
    (select spec_json ->> 'run_after' from _reproq_read_specs('[{"task_path": "a.b", "run_after": "2100-05-01T01:02:03.4+05:45"}]', '', _reproq_now())),
    '2100-04-30T19:17:03.400000+00:00', 'a time is written in UTC, to the microsecond'
);
select is(
    (select spec_json -> 'provenance' from _reproq_read_specs('[{"task_path": "a.b", "provenance": null}]', '', _reproq_now())),
    '{"code_ref": null, "pip_lock_hash": null}', 'a null provenance is an empty one'
);
select is(
    (
        select spec_hash from _reproq_read_specs('[{"task_path": "a.b", "args": [1]}]', '', _reproq_now())
    ),
    (run(reproq_enqueue('a.b', '[1]'))).spec_hash::text, 'the hash is that of the spec'
);
select throws_ok(
    $$select _reproq_read_specs('[{"task_path": "a.b"}, {"task_path": "x"}]', 'nodes[%s].', _reproq_now())$$, '22023',
    'nodes[1].task_path: must be a dotted path without spaces, at most 500 characters long',
    'an error names the place as the caller calls it'
);
select throws_ok(
    $$select _reproq_read_specs('[7]', 'nodes[%s].', _reproq_now())$$, '22023', 'nodes[0]: must be an object', 'also without a key'
);
select is_empty('select * from _reproq_read_specs(''[]'', '''', _reproq_now())', 'no specs, no rows');

select * from finish();
rollback;
