begin;
select no_plan();
\ir helpers/setup.sql

create function many(specs jsonb) returns bigint[] language sql volatile as
'select coalesce(array_agg(m.result_id), ''{}'') from reproq_enqueue_many(specs) m';

select many('[
    {"task_path": "shop.a", "args": [3]}, {"task_path": "shop.b", "queue": "mail", "priority": 4},
    {"task_path": "shop.c", "run_in": 60}, {"task_path": "shop.a", "args": [1]}
]') as ids \gset
select is(
    (
        select array_agg(r.task_path || ' ' || r.queue_name || ' ' || r.status order by i.place)
        from unnest(:'ids'::bigint[]) with ordinality i (id, place)
        inner join task_runs r on r.result_id = i.id
    ),
    array['shop.a default READY', 'shop.b mail READY', 'shop.c default SCHEDULED', 'shop.a default READY'],
    'each spec has its run, answered in its order'
);
select ok(
    (:'ids'::bigint[])[1] < (:'ids'::bigint[])[2] and (:'ids'::bigint[])[2] < (:'ids'::bigint[])[3]
    and (:'ids'::bigint[])[3] < (:'ids'::bigint[])[4],
    'ids are drawn in the order of the specs'
);
select is(
    (
        select array_agg(c.spec_json #> '{args,0}')
        from reproq_claim('w', '{default}', 10) c where c.task_path = 'shop.a'
    ),
    array['3', '1']::jsonb[], 'a batch is claimed in its order'
);
select is(many('[]'), '{}', 'an empty batch is no error');

-- What specs have in common may be said once.

create function many(specs jsonb, common jsonb) returns bigint[] language sql volatile as
'select coalesce(array_agg(m.result_id), ''{}'') from reproq_enqueue_many(specs, common) m';

select is(
    many('[{"args": [1]}, {}, {"kwargs": {"a": 2}}]', '{"task_path": "shop.common", "priority": 3}'),
    many('[
        {"task_path": "shop.common", "priority": 3, "args": [1]},
        {"task_path": "shop.common", "priority": 3},
        {"task_path": "shop.common", "priority": 3, "kwargs": {"a": 2}}
    ]'),
    'which makes the same specs'
);
select is(
    many('[{"args": [8], "queue": "mail"}, {}]', '{"task_path": "shop.common", "queue": "bulk", "args": [7]}'),
    many('[
        {"task_path": "shop.common", "queue": "mail", "args": [8]},
        {"task_path": "shop.common", "queue": "bulk", "args": [7]}
    ]'),
    'a spec that names a key has its own'
);
select is(many('[]', '{"task_path": "shop.common"}'), '{}', 'nothing in common is no error either');
select throws_ok(
    $$select many('[{}]', '[]')$$, '22023', 'common: must be an object', 'it is an object'
);
select throws_ok(
    $$select many('[{}]', '{"task_path": "shop"}')$$, '22023',
    'common.task_path: must be a dotted path without spaces, at most 500 characters long',
    'what is wrong in it is named there'
);
select throws_ok(
    $$select many('[{}]', '{"task_path": "shop.common", "priority": "high"}')$$, '22023',
    'common.priority: invalid input syntax for type integer: "high"', 'also what cannot be read'
);
select throws_ok(
    $$select many('[{}, {"args": 7}]', '{"task_path": "shop.common"}')$$, '22023',
    'specs[1].args: must be a JSON array', 'and what is wrong in a spec, in the spec'
);
select throws_ok(
    $$select many('[{}, 7]', '{"task_path": "shop.common"}')$$, '22023',
    'specs[1]: must be an object', 'which is an object, too'
);

-- Keys and defaults are those of reproq_enqueue.

select is(
    (many('[{"task_path": "shop.same"}]'))[1], reproq_enqueue('shop.same'),
    'what is left out has the defaults of reproq_enqueue'
);
select is(
    (many('[{
        "task_path": "shop.same", "args": [1], "kwargs": {"a": 1}, "queue": "q", "priority": 1,
        "run_after": "2100-01-02T00:00:00Z", "lock_key": "l", "concurrency_key": "k",
        "concurrency_limit": 2, "max_attempts": 4, "timeout_seconds": 5, "takes_context": true,
        "provenance": {"code_ref": "x"}
    }]'))[1],
    reproq_enqueue(
        'shop.same', args => '[1]', kwargs => '{"a": 1}', queue => 'q', priority => 1,
        run_after => '2100-01-02 01:00+01', lock_key => 'l', concurrency_key => 'k',
        concurrency_limit => 2, max_attempts => 4, timeout_seconds => 5, takes_context => true,
        provenance => '{"code_ref": "x"}'
    ),
    'the same values make the same spec'
);
select row_eq(
    format(
        'select backoff_base, backoff_cap, result_ttl, expires_at, dedup, max_lease_losses,
            backend_alias, metadata_json from task_runs where result_id = %s',
        (many('[{
            "task_path": "shop.settings", "backoff_base": 1.5, "backoff_cap": "2 minutes",
            "result_ttl": 60, "expires_in": "1 hour", "dedup": false, "max_lease_losses": 0,
            "backend_alias": "b", "metadata": {"m": 1}
        }]'))[1]
    ),
    row(
        '1.5 s'::interval, '2 minutes'::interval, '1 minute'::interval,
        '2100-01-01 13:00Z'::timestamptz, false, 0, 'b'::text, '{"m": 1}'::jsonb
    ),
    'intervals are text, or a number of seconds'
);

-- Twins (I3, I4).

delete from task_runs;
select enqueue('live') as live, enqueue('old', '{"expires_in": 60}') as old \gset
select advance('60 s');
select many('[
    {"task_path": "shop.tasks.work", "args": ["new"]},
    {"task_path": "shop.tasks.work", "args": ["live"]},
    {"task_path": "shop.tasks.work", "args": ["old"]},
    {"task_path": "shop.tasks.work", "args": ["new"]},
    {"task_path": "shop.tasks.work", "args": ["free"], "dedup": false},
    {"task_path": "shop.tasks.work", "args": ["free"], "dedup": false},
    {"task_path": "shop.tasks.work", "args": ["old"]}
]') as ids \gset
select is((:'ids'::bigint[])[2], :live, 'a live twin is joined');
select is((:'ids'::bigint[])[1], (:'ids'::bigint[])[4], 'equal specs of one batch are one run');
select isnt((:'ids'::bigint[])[5], (:'ids'::bigint[])[6], 'unless they do not dedup');
select isnt((:'ids'::bigint[])[3], :old, 'an expired twin makes room');
select is((:'ids'::bigint[])[3], (:'ids'::bigint[])[7], 'for one new run');
select is(in_words(:old), 'FAILED with none', 'and has ended');
select is((select count(*) from task_runs), 6::bigint, 'no other record was written');

-- An id that is taken is no twin.

select last_value as last, (select min(t.result_id) from task_runs t) as taken
from task_runs_result_id_seq \gset
select setval('task_runs_result_id_seq', :taken - 1) as back \gset
select throws_ok($$select many('[{"task_path": "shop.taken"}]')$$, '23505', null, 'a taken id is told');
select setval('task_runs_result_id_seq', :taken - 1) as back \gset
select throws_ok(
    $$select many('[{}, {"args": [1]}]', '{"task_path": "shop.taken"}')$$, '23505', null, 'among calls, too'
);
select setval('task_runs_result_id_seq', :last) as back \gset

-- All or nothing; what is refused is named by its place.

select throws_ok(
    format('select * from reproq_enqueue_many(%L::jsonb)', b.specs), b.code, b.message, b.name
)
from (values
    ('null specs', null, '22023', 'specs: must be an array of objects'),
    ('no array', '{}', '22023', 'specs: must be an array of objects'),
    ('a spec that is no object', '[{"task_path": "a.b"}, 1]', '22023', 'specs[1]: must be an object'),
    ('a null spec', '[null]', '22023', 'specs[0]: must be an object'),
    ('no path', '[{}]', '22004', 'specs[0].task_path: must not be null'),
    ('a path without a dot', '[{"task_path": "a"}]', '22023',
        'specs[0].task_path: must be a dotted path without spaces, at most 500 characters long'),
    ('a long path', format('[{"task_path": "a.%s"}]', repeat('b', 500)), '22023',
        'specs[0].task_path: must be a dotted path without spaces, at most 500 characters long'),
    ('args that are no array', '[{"task_path": "a.b", "args": {}}]', '22023',
        'specs[0].args: must be a JSON array'),
    ('kwargs that are no object', '[{"task_path": "a.b", "kwargs": []}]', '22023',
        'specs[0].kwargs: must be a JSON object'),
    ('a blank queue', '[{"task_path": "a.b", "queue": " "}]', '22023',
        'specs[0].queue: must be a name of 1 to 255 characters'),
    ('a long queue', format('[{"task_path": "a.b", "queue": "%s"}]', repeat('q', 256)), '22023',
        'specs[0].queue: must be a name of 1 to 255 characters'),
    ('no time at all', '[{"task_path": "a.b", "timeout_seconds": 0}]', '22023',
        'specs[0].timeout_seconds: must be between 1 and 31536000 seconds'),
    ('a null priority', '[{"task_path": "a.b", "priority": null}]', '22004',
        'specs[0].priority: must not be null'),
    ('a null dedup', '[{"task_path": "a.b", "dedup": null}]', '22004', 'specs[0].dedup: must not be null'),
    ('an unknown key', '[{"task_path": "a.b"}, {"task_path": "a.b", "quue": "x"}]', '22023',
        'specs[1].quue: is no parameter of reproq_enqueue'),
    ('a bad value', '[{"task_path": "a.b", "max_attempts": 0}]', '22023',
        'specs[0].max_attempts: must be between 1 and 10000'),
    ('a null value', '[{"task_path": "a.b", "queue": null}]', '22004', 'specs[0].queue: must not be null'),
    ('a number that is none', '[{"task_path": "a.b"}, {"task_path": "a.b", "priority": "high"}]',
        '22023', 'specs[1].priority: invalid input syntax for type integer: "high"'),
    ('a fraction', '[{"task_path": "a.b", "priority": 1.5}]', '22023',
        'specs[0].priority: invalid input syntax for type integer: "1.5"'),
    ('a number that is too large', '[{"task_path": "a.b", "priority": 3000000000}]', '22023',
        'specs[0].priority: value "3000000000" is out of range for type integer'),
    ('a time that is none', '[{"task_path": "a.b", "run_after": "tomorrow-ish"}]', '22023',
        'specs[0].run_after: invalid input syntax for type timestamp with time zone: "tomorrow-ish"'),
    ('a time out of range', '[{"task_path": "a.b", "run_after": "2100-13-01"}]', '22023', null),
    ('an interval that is none', '[{"task_path": "a.b", "expires_in": "soon"}]', '22023',
        'specs[0].expires_in: invalid input syntax for type interval: "soon"'),
    ('an interval out of range', '[{"task_path": "a.b", "expires_in": "999999999999 years"}]',
        '22023', null),
    ('a boolean that is none', '[{"task_path": "a.b", "dedup": "maybe"}]', '22023',
        'specs[0].dedup: invalid input syntax for type boolean: "maybe"'),
    ('args above 1 MiB',
        format('[{"task_path": "a.b"}, {"task_path": "a.b", "args": ["%s"]}]', repeat('x', 1048573)),
        'RQ004', 'specs[1].args: is larger than 1 MiB')
) b (name, specs, code, message);
select is((select count(*) from task_runs), 6::bigint, 'a batch with one bad spec inserts nothing (I6)');
select lives_ok(
    'select * from reproq_enqueue_many(''[{"task_path": "a.%s", "queue": "%I %% q''''; --"}]'')',
    'names that look like formats or SQL are names (I45)'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select result_id as traced from reproq_enqueue_many('[{"task_path": "a.traced", "queue": "traced", "traceparent": "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01"}]') \gset
select is(
    (run(:traced)).traceparent, '00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01', 'a trace goes along'
);

select * from finish();
rollback;
