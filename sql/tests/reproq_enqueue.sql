begin;
select no_plan();
\ir helpers/setup.sql

-- What a run looks like after it was enqueued.

select reproq_enqueue('shop.tasks.charge') as plain \gset
select is(in_words(:plain), 'READY with ready', 'a run without a time is READY and in line');
select is(
    array[
        (run(:plain)).queue_name, (run(:plain)).backend_alias, (run(:plain)).task_path,
        (run(:plain)).lock_key, (run(:plain)).concurrency_key, (run(:plain)).leased_by
    ],
    array['default', 'default', 'shop.tasks.charge', null, null, null],
    'the texts of a run have their defaults'
);
select is(
    array[
        (run(:plain)).priority, (run(:plain)).max_attempts, (run(:plain)).timeout_seconds,
        (run(:plain)).max_lease_losses, (run(:plain)).concurrency_limit, (run(:plain)).attempts,
        (run(:plain)).lease_losses, (run(:plain)).lease_no::integer
    ],
    array[0, 3, 900, 3, 0, 0, 0, 0],
    'the numbers of a run have their defaults'
);
select is(
    array[(run(:plain)).backoff_base, (run(:plain)).backoff_cap, (run(:plain)).result_ttl],
    array['30 seconds', '1 hour', null]::interval[],
    'the backoff is 30 s up to 1 hour, and results are kept'
);
select is(
    array[
        (run(:plain)).enqueued_at, (run(:plain)).created_at, (run(:plain)).updated_at,
        (run(:plain)).run_after, (run(:plain)).expires_at, (run(:plain)).finished_at
    ],
    array[
        '2100-01-01 12:00Z', '2100-01-01 12:00Z', '2100-01-01 12:00Z', null, null, null
    ]::timestamptz[],
    'all times come from the queue''s clock'
);
select is(
    array[(run(:plain)).errors_json, (run(:plain)).metadata_json, (run(:plain)).worker_ids],
    array['[]', '{}', '[]']::jsonb[],
    'errors, metadata and workers begin empty'
);
select is(
    (run(:plain)).spec_json,
    '{
        "v": 1, "task_path": "shop.tasks.charge", "args": [], "kwargs": {}, "takes_context": false,
        "queue_name": "default", "priority": 0, "lock_key": null, "concurrency_key": null,
        "concurrency_limit": 0, "run_after": null,
        "exec": {"timeout_seconds": 900, "max_attempts": 3},
        "provenance": {"code_ref": null, "pip_lock_hash": null}
    }',
    'the spec has its thirteen keys'
);
select is(
    (run(:plain)).spec_hash::text,
    encode(sha256(convert_to((run(:plain)).spec_json::text, 'UTF8')), 'hex'),
    'the hash is the sha256 of the spec as jsonb text'
);

select reproq_enqueue(
    'shop.tasks.charge', args => '[1, "é"]', kwargs => '{"a": null}', queue => 'mail',
    priority => 10, run_after => '2100-01-01 14:00+02', lock_key => 'account 7',
    concurrency_key => 'bank', concurrency_limit => 2, max_attempts => 5, timeout_seconds => 60,
    expires_in => '1 day', dedup => false, backoff_base => '1 second', backoff_cap => '1 minute',
    takes_context => true, backend_alias => 'slow', provenance => '{"code_ref": "v2"}',
    metadata => '{"user": 3}', result_ttl => '1 week', max_lease_losses => 1
) as full \gset
select is(
    (run(:full)).spec_json,
    '{
        "v": 1, "task_path": "shop.tasks.charge", "args": [1, "é"], "kwargs": {"a": null},
        "takes_context": true, "queue_name": "mail", "priority": 10, "lock_key": "account 7",
        "concurrency_key": "bank", "concurrency_limit": 2,
        "run_after": "2100-01-01T12:00:00.000000+00:00",
        "exec": {"timeout_seconds": 60, "max_attempts": 5}, "provenance": {"code_ref": "v2"}
    }',
    'the spec holds what was given, its time in UTC'
);
select row_eq(
    format(
        'select queue_name, priority, lock_key, concurrency_key, concurrency_limit, max_attempts,
            timeout_seconds, expires_at, backoff_base, backoff_cap, backend_alias, metadata_json,
            result_ttl, max_lease_losses, dedup
        from task_runs where result_id = %s', :full
    ),
    row(
        'mail'::text, 10, 'account 7'::text, 'bank'::text, 2, 5, 60,
        '2100-01-02 12:00Z'::timestamptz, '1 second'::interval, '1 minute'::interval, 'slow'::text,
        '{"user": 3}'::jsonb, '1 week'::interval, 1, false
    ),
    'the columns hold what was given'
);

-- Times.

select is(in_words(:full), 'READY with ready', 'a run_after that has come already is no reason to wait');
select reproq_enqueue('shop.tasks.later', run_after => '2100-01-01 12:00:01+00') as later \gset
select is(in_words(:later), 'SCHEDULED with scheduled', 'a run with a future run_after waits for it');
select reproq_enqueue('shop.tasks.later', run_in => '90 seconds') as soon \gset
select is(
    (run(:soon)).run_after, '2100-01-01 12:01:30Z'::timestamptz,
    'run_in counts from the database''s clock'
);
select reproq_enqueue('shop.tasks.later', run_in => '0') as at_once \gset
select is(in_words(:at_once), 'READY with ready', 'a run_in of 0 is now');
set local time zone 'Asia/Kathmandu';
select is(
    reproq_enqueue('shop.tasks.later', run_after => '2100-01-01 17:45:01'), :later,
    'the same moment said in another time zone is the same spec'
);
set local time zone 'UTC';

-- Dedup (I3, I4, I7).

select is(
    reproq_enqueue('shop.tasks.charge'), :plain, 'an equal enqueue joins the live run'
);
select is(
    (select count(*) from task_runs where task_path = 'shop.tasks.charge' and priority = 0), 1::bigint,
    'joining adds no record'
);
select is(tickets_of(:plain), 'ready', 'joining adds no ticket');
select isnt(
    reproq_enqueue('shop.tasks.charge', dedup => false), :plain,
    'dedup off always makes a new run'
);
select is(
    reproq_enqueue('shop.tasks.charge'), :plain,
    'a run that does not dedup is nobody''s twin'
);
select is(
    reproq_enqueue(
        'shop.tasks.charge', metadata => '{"other": 1}', backoff_base => '1 s', result_ttl => '1 s'
    ),
    :plain,
    'metadata, backoff and time to live are no part of the identity'
);
select isnt(
    reproq_enqueue('shop.tasks.charge', kwargs => d.kwargs, lock_key => d.lock_key, args => d.args,
        concurrency_key => d.key, concurrency_limit => d.lim, priority => d.priority,
        queue => d.queue, run_after => d.run_after, timeout_seconds => d.timeout,
        max_attempts => d.attempts, provenance => d.provenance),
    :plain,
    d.name || ' is part of the identity'
)
from (values
    ('args', '[1]'::jsonb, '{}'::jsonb, 'default', 0, null::timestamptz, null, null, 0, 3, 900, null::jsonb),
    ('kwargs', '[]', '{"a": 1}', 'default', 0, null, null, null, 0, 3, 900, null),
    ('queue', '[]', '{}', 'other', 0, null, null, null, 0, 3, 900, null),
    ('priority', '[]', '{}', 'default', 1, null, null, null, 0, 3, 900, null),
    ('run_after', '[]', '{}', 'default', 0, '2101-01-01', null, null, 0, 3, 900, null),
    ('lock_key', '[]', '{}', 'default', 0, null, 'l', null, 0, 3, 900, null),
    ('concurrency_key', '[]', '{}', 'default', 0, null, null, 'k', 0, 3, 900, null),
    ('concurrency_limit', '[]', '{}', 'default', 0, null, null, null, 1, 3, 900, null),
    ('max_attempts', '[]', '{}', 'default', 0, null, null, null, 0, 4, 900, null),
    ('timeout_seconds', '[]', '{}', 'default', 0, null, null, null, 0, 3, 901, null),
    ('provenance', '[]', '{}', 'default', 0, null, null, null, 0, 3, 900, '{"code_ref": "x"}')
) d (name, args, kwargs, queue, priority, run_after, lock_key, key, lim, attempts, timeout, provenance);
select is(
    reproq_enqueue('shop.tasks.keys', kwargs => '{"b": 1, "a": 2}'),
    reproq_enqueue('shop.tasks.keys', kwargs => '{"a": 2, "b": 1}'),
    'the order of keys is no part of the identity'
);
select isnt(
    reproq_enqueue('shop.tasks.one', args => '[1]'), reproq_enqueue('shop.tasks.one', args => '[1.0]'),
    '1 and 1.0 stay apart'
);
select isnt(
    reproq_enqueue('shop.tasks.accent', args => U&'["\00e9"]'),
    reproq_enqueue('shop.tasks.accent', args => U&'["e\0301"]'),
    'NFC and NFD stay apart'
);

-- Whatever a live twin is doing, it is joined; a finished one is not.

delete from task_runs;
select enqueue('a') as running \gset
select claims();
select is(enqueue('a'), :running, 'a RUNNING twin is joined');
select reproq_fail(:running, 1, '{}');
select is((run(:running)).status, 'SCHEDULED', 'the twin now waits for its backoff');
select is(enqueue('a'), :running, 'a twin in its backoff is joined');
select reproq_cancel(:running);
select isnt(enqueue('a'), :running, 'a finished twin is not joined');

-- An expired twin is settled (I8).

select enqueue('b', '{"expires_in": 60, "queue": "mail"}') as stale \gset
select advance('59 seconds');
select is(
    enqueue('b', '{"queue": "mail"}'), :stale, 'a twin that has not expired yet is joined'
);
select advance('1 second');
select enqueue('b', '{"queue": "mail"}') as fresh \gset
select isnt(:fresh, :stale, 'an expired twin makes room for a new run');
select is(in_words(:fresh), 'READY with ready', 'the new run is live');
select is(in_words(:stale), 'FAILED with none', 'the expired twin has ended');
select is((run(:stale)).errors_json #>> '{0,kind}', 'expired', 'and says why');
select enqueue('c', '{"expires_in": 60, "run_in": 30}') as late \gset
select advance('60 seconds');
select isnt(
    enqueue('c', jsonb_build_object('run_after', (run(:late)).run_after)), :late,
    'an expired twin in the schedule makes room, too'
);
select is(in_words(:late), 'FAILED with none', 'and leaves no ticket');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- Names are data (I45), and a caller's temporary table is nobody's queue (I46).

create temp table task_runs (like task_runs);
create temp table reproq_ready (result_id bigint);
select reproq_enqueue(
    'shop.tasks.q'';drop', args => '["%I %s %%"]', queue => 'q''; drop table x;--',
    lock_key => '%I', concurrency_key => '"; select 1; --', concurrency_limit => 1
) as odd \gset
select is_empty('select 1 from pg_temp.task_runs', 'a temporary table named task_runs gets nothing');
select is_empty('select 1 from pg_temp.reproq_ready', 'nor does one named reproq_ready');
drop table pg_temp.task_runs, pg_temp.reproq_ready;
select is(
    array[(run(:odd)).queue_name, (run(:odd)).lock_key, (run(:odd)).concurrency_key],
    array['q''; drop table x;--', '%I', '"; select 1; --'],
    'names that look like SQL or like formats are stored as they are'
);

-- Bad arguments: the parameter is named, and nothing is inserted.

create temp table before as select count(*) as runs from task_runs;
select throws_ok('select reproq_enqueue(' || b.arguments || ')', b.code, b.message, b.name)
from (values
    ('a null path', 'null', '22004', 'task_path: must not be null'),
    ('an empty path', $$''$$, '22023', null),
    ('a path without a dot', $$'work'$$, '22023', null),
    ('a path with a space', $$'shop.tasks.a b'$$, '22023', null),
    ('a path with two dots', $$'shop..work'$$, '22023', null),
    ('a path that ends in a dot', $$'shop.work.'$$, '22023', null),
    ('a path of 501 characters', $$'a.' || repeat('x', 499)$$, '22023',
        'task_path: must be a dotted path without spaces, at most 500 characters long'),
    ('null args', $$'a.b', args => null$$, '22004', 'args: must not be null'),
    ('args that are an object', $$'a.b', args => '{}'$$, '22023', 'args: must be a JSON array'),
    ('args that are JSON null', $$'a.b', args => 'null'$$, '22023', 'args: must be a JSON array'),
    ('kwargs that are an array', $$'a.b', kwargs => '[]'$$, '22023',
        'kwargs: must be a JSON object'),
    ('args above 1 MiB', $$'a.b', args => to_jsonb(array[repeat('x', 1048573)])$$, 'RQ004',
        'args: is larger than 1 MiB'),
    ('kwargs above 1 MiB', $$'a.b', kwargs => jsonb_build_object('a', repeat('é', 524288))$$,
        'RQ004', 'kwargs: is larger than 1 MiB'),
    ('metadata above 1 MiB', $$'a.b', metadata => jsonb_build_object('a', repeat('x', 1048576))$$,
        'RQ004', 'metadata: is larger than 1 MiB'),
    ('a null queue', $$'a.b', queue => null$$, '22004', 'queue: must not be null'),
    ('an empty queue', $$'a.b', queue => ''$$, '22023',
        'queue: must be a name of 1 to 255 characters'),
    ('a blank queue', $$'a.b', queue => ' '$$, '22023', null),
    ('a queue of 256 characters', $$'a.b', queue => repeat('x', 256)$$, '22023', null),
    ('a null priority', $$'a.b', priority => null$$, '22004', 'priority: must not be null'),
    ('an infinite run_after', $$'a.b', run_after => 'infinity'$$, '22023',
        'run_after: must be a finite time between the years 1 and 9999'),
    ('a run_after before all time', $$'a.b', run_after => '-infinity'$$, '22023', null),
    ('a run_after BC', $$'a.b', run_after => '4713-01-02 BC'$$, '22023', null),
    ('a run_after in 294276', $$'a.b', run_after => '294276-12-31 23:59Z'$$, '22023', null),
    ('a negative run_in', $$'a.b', run_in => '-1 s'$$, '22023', 'run_in: must be between 0 and 1000 years'),
    ('a run_in beyond all time', $$'a.b', run_in => '178000000 years'$$, '22023',
        'run_in: must be between 0 and 1000 years'),
    ('both run_after and run_in', $$'a.b', run_after => '2100-02-01', run_in => '1 s'$$, '22023',
        'run_in: must not be given beside run_after'),
    ('an empty lock key', $$'a.b', lock_key => ''$$, '22023',
        'lock_key: must be null or a key of 1 to 255 characters'),
    ('a long concurrency key', $$'a.b', concurrency_key => repeat('x', 10240)$$, '22023',
        'concurrency_key: must be null or a key of 1 to 255 characters'),
    ('a negative limit', $$'a.b', concurrency_limit => -1$$, '22023',
        'concurrency_limit: must be between 0 (no limit) and 1000000'),
    ('a null limit', $$'a.b', concurrency_limit => null$$, '22004',
        'concurrency_limit: must not be null'),
    ('a limit above a million', $$'a.b', concurrency_limit => 1000001$$, '22023', null),
    ('no attempts', $$'a.b', max_attempts => 0$$, '22023',
        'max_attempts: must be between 1 and 10000'),
    ('10001 attempts', $$'a.b', max_attempts => 10001$$, '22023', null),
    ('an endless number', $$'a.b', concurrency_limit => 2147483647$$, '22023', null),
    ('a timeout of 0', $$'a.b', timeout_seconds => 0$$, '22023',
        'timeout_seconds: must be between 1 and 31536000 seconds'),
    ('a timeout above a year', $$'a.b', timeout_seconds => 31536001$$, '22023', null),
    ('expiry at once', $$'a.b', expires_in => '0'$$, '22023',
        'expires_in: must be above 0 and at most 1000 years'),
    ('expiry beyond all time', $$'a.b', expires_in => '178000000 years'$$, '22023',
        'expires_in: must be above 0 and at most 1000 years'),
    ('expiry before run_after', $$'a.b', expires_in => '1 h', run_after => '2100-01-01 13:05Z'$$,
        '22023', 'expires_in: must end after run_after: the run would expire before it could start'),
    ('expiry before run_in', $$'a.b', expires_in => '1 h', run_in => '1 h'$$, '22023', null),
    ('a null dedup', $$'a.b', dedup => null$$, '22004', 'dedup: must not be null'),
    ('a negative backoff', $$'a.b', backoff_base => '-1 s'$$, '22023',
        'backoff_base: must be between 0 and 10 years'),
    ('a cap above 10 years', $$'a.b', backoff_cap => '11 years'$$, '22023',
        'backoff_cap: must be between 0 and 10 years'),
    ('a null takes_context', $$'a.b', takes_context => null$$, '22004',
        'takes_context: must not be null'),
    ('a null backend', $$'a.b', backend_alias => null$$, '22004', 'backend_alias: must not be null'),
    ('provenance that is no object', $$'a.b', provenance => '1'$$, '22023',
        'provenance: must be a JSON object'),
    ('metadata that is no object', $$'a.b', metadata => '[]'$$, '22023',
        'metadata: must be a JSON object'),
    ('a negative time to live', $$'a.b', result_ttl => '-1 s'$$, '22023',
        'result_ttl: must be between 0 and 1000 years'),
    ('negative lease losses', $$'a.b', max_lease_losses => -1$$, '22023',
        'max_lease_losses: must be between 0 and 10000')
) b (name, arguments, code, message);
-- (Intervals without an end are new in PostgreSQL 17.)
select throws_ok('select reproq_enqueue(''a.b'', ' || b.argument || ')', '22023', null, b.argument)
from unnest(array[
    'run_in => ''infinity''', 'expires_in => ''infinity''', 'result_ttl => ''infinity''',
    'backoff_base => ''infinity''', 'backoff_cap => ''-infinity'''
]) b (argument)
where current_setting('server_version_num')::integer >= 170000;
select is((select count(*) from task_runs), (select runs from before), 'a refused call inserts nothing');

select lives_ok('select reproq_enqueue(' || g.arguments || ')', g.name)
from (values
    ('a path of 500 characters is taken', $$'a.' || repeat('x', 498)$$),
    ('a queue of 255 characters is taken', $$'a.b', queue => repeat('x', 255)$$),
    ('args of 1 MiB are taken', $$'a.b', args => to_jsonb(array[repeat('x', 1048572)])$$),
    ('any priority is taken', $$'a.b', priority => -2147483648$$),
    ('the largest priority is taken', $$'a.b', priority => 2147483647$$),
    ('a result may be deleted at once', $$'a.b', result_ttl => '0', args => '[2]'$$),
    ('a first lost lease may be the last', $$'a.b', max_lease_losses => 0, args => '[3]'$$),
    ('a limit without a key is no gate', $$'a.b', concurrency_limit => 3, args => '[4]'$$)
) g (name, arguments);
select is_empty('select * from reproq_violations()', 'no invariant is broken at the end');

-- A trace goes along beside the spec.

select reproq_enqueue(
    'shop.tasks.traced', traceparent => '00-' || repeat('a', 32) || '-' || repeat('b', 16) || '-01'
) as traced \gset
select is(
    reproq_enqueue(
        'shop.tasks.traced',
        traceparent => '00-' || repeat('c', 32) || '-' || repeat('d', 16) || '-01'
    ),
    :traced, 'another trace joins the live run'
);
select is(
    (run(:traced)).traceparent, '00-' || repeat('a', 32) || '-' || repeat('b', 16) || '-01',
    'whose trace stays that of its own enqueue'
);
select throws_ok(
    $$select reproq_enqueue('a.b', traceparent => '00-zz')$$, '22023',
    'traceparent: must be one of W3C Trace Context', 'what is no traceparent is refused'
);

select * from finish();
rollback;
