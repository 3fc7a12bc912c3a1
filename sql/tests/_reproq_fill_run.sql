begin;
select no_plan();
\ir helpers/setup.sql

-- A plain INSERT by another program: five columns, or fewer.

insert into task_runs (spec_json, spec_hash, queue_name, status, run_after)
values ('{"task_path": "shop.tasks.charge", "args": [1]}', repeat('a', 64), 'mail', 'READY', null)
returning result_id as a \gset
select is(in_words(:a), 'READY with ready', 'a row that says READY is in line');
select is(
    array[(run(:a)).task_path, (run(:a)).spec_hash::text],
    array['shop.tasks.charge', repeat('a', 64)],
    'the path comes from the spec; a hash that was given is kept'
);
select is(
    (run(:a)).claim_order,
    (extract(epoch from (run(:a)).enqueued_at) * 1000000)::bigint, 'its place is when it was enqueued'
);
insert into task_runs (spec_json) values ('{"task_path": "shop.tasks.bare", "b": 1, "a": 1.0}')
returning result_id as bare \gset
select is(in_words(:bare), 'READY with ready', 'a spec alone is enough');
select is(
    (run(:bare)).spec_hash::text,
    encode(sha256(convert_to('{"a": 1.0, "b": 1, "task_path": "shop.tasks.bare"}', 'UTF8')), 'hex'),
    'a hash that was left out is computed'
);

-- Times.

insert into task_runs (spec_json, status, run_after)
select format('{"task_path": "a.b", "n": "%s %s"}', s.status, t.at)::jsonb, s.status, t.at
from unnest('{READY,SCHEDULED,BLOCKED}'::text[]) s (status),
    unnest('{2100-01-01 12:00Z,2100-01-01 12:01Z}'::timestamptz[]) t (at);
select results_eq(
    'select run_after, array_agg(distinct in_words(result_id)) from task_runs
    where run_after is not null group by 1 order by 1',
    $$values
    ('2100-01-01 12:00Z'::timestamptz, '{READY with ready}'::text[]),
    ('2100-01-01 12:01Z', '{SCHEDULED with scheduled}')$$,
    'READY, SCHEDULED and BLOCKED rows wait for their time, or for nothing: a claim finds the gates'
);
select is(
    (run(result_id)).claim_order, 4102488000000000, 'the place of one that had to wait is its time'
)
from task_runs where run_after = '2100-01-01 12:00Z' limit 1;

-- Rows that run or have finished.

insert into task_runs (spec_json, status) values ('{"task_path": "a.running"}', 'RUNNING')
returning result_id as b \gset
select is(in_words(:b), 'RUNNING with lease', 'a RUNNING row has a lease');
select row_eq(
    format('select lease_no, leased_by, leased_until from task_runs where result_id = %s', :b),
    row(1::bigint, 'unknown'::text, '2100-01-01 12:05Z'::timestamptz), 'of 5 minutes and an unknown worker'
);
insert into task_runs (spec_json, status, lease_no, leased_by, leased_until)
values ('{"task_path": "a.mine"}', 'RUNNING', 7, 'w7', '2100-01-01 13:00Z') returning result_id as c \gset
select is(
    (select (lease_no, worker_id, leased_until)::text from reproq_leases where result_id = :c),
    '(7,w7,"2100-01-01 13:00:00+00")', 'or what the row says'
);
insert into task_runs (spec_json, status, leased_by, leased_until, expires_at)
values ('{"task_path": "a.ready"}', 'READY', 'w7', '2100-01-01 13:00Z', '2100-01-01 14:00Z')
returning result_id as d \gset
select is((run(:d)).leased_until, null, 'one that does not run has no lease');
insert into task_runs (spec_json, status, result_ttl, expires_at)
select format('{"task_path": "a.%s"}', lower(s))::jsonb, s, '1 hour', '2100-01-02'
from unnest('{SUCCESSFUL,FAILED,CANCELLED}'::text[]) s;
select results_eq(
    'select in_words(result_id), finished_at, failed_at, delete_after
    from task_runs where result_ttl is not null order by 1',
    $$values
    ('CANCELLED with none'::text, '2100-01-01 12:00Z'::timestamptz, null::timestamptz,
        '2100-01-01 13:00Z'::timestamptz),
    ('FAILED with none', '2100-01-01 12:00Z', '2100-01-01 12:00Z', '2100-01-01 13:00Z'),
    ('SUCCESSFUL with none', '2100-01-01 12:00Z', null, '2100-01-01 13:00Z')$$,
    'a finished row has its times, and no ticket'
);
insert into task_runs (spec_json, status, finished_at)
values ('{"task_path": "a.old"}', 'FAILED', '2099-01-01') returning result_id as e \gset
select is((run(:e)).failed_at, '2099-01-01'::timestamptz, 'a time of its end that was given is kept');

-- A plain run of the enqueue functions is passed over, since it is what the trigger would make of it.

select reproq_enqueue('a.plain', args => '[1]', queue => 'q', priority => 5, dedup => false) as one \gset
select to_jsonb(run(:one)) - 'result_id' as row_of_one \gset
select m.result_id as many from reproq_enqueue_many(
    '[{"task_path": "a.plain", "args": [1], "queue": "q", "priority": 5, "dedup": false}]'
) m \gset
insert into task_runs (
    spec_json, queue_name, priority, dedup, enqueued_at, created_at, updated_at
)
select spec_json, queue_name, priority, dedup, enqueued_at, created_at, updated_at
from task_runs where result_id = :one returning result_id as by_hand \gset
select is(to_jsonb(run(:by_hand)) - 'result_id', :'row_of_one'::jsonb, 'one that was enqueued');
select is(to_jsonb(run(:many)) - 'result_id', :'row_of_one'::jsonb, 'or many');

-- What no row may be.

select throws_ok(b.insertion, b.code, null, b.name)
from (values
    ('a spec without a path', $$insert into task_runs (spec_json) values ('{}')$$, '23514'),
    ('an unknown status',
        $$insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'NEW')$$, '23514'),
    ('no spec', $$insert into task_runs (task_path) values ('a.b')$$, '23502'),
    ('a live twin', $$insert into task_runs (spec_json, spec_hash)
        values ('{"task_path": "a.b"}', repeat('a', 64))$$, '23505')
) b (name, insertion, code);
select lives_ok(
    $$insert into task_runs (spec_json, spec_hash, dedup)
    values ('{"task_path": "a.b"}', repeat('a', 64), false)$$, 'a row that does not dedup has no twin'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

insert into task_runs (spec_json, spec_hash) values ('{"task_path": "blank.hash"}', '');
select is(
    (select spec_hash::text from task_runs where task_path = 'blank.hash'),
    _reproq_spec_hash('{"task_path": "blank.hash"}'), 'a blank hash counts as none'
);

select * from finish();
rollback;
