begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a', '{
    "queue": "mail", "priority": 7, "backend_alias": "other", "lock_key": "l", "max_attempts": 9,
    "concurrency_key": "k", "concurrency_limit": 2, "timeout_seconds": 5, "backoff_base": 1,
    "backoff_cap": 2, "result_ttl": 60, "max_lease_losses": 1, "expires_in": 600, "run_in": 60
}') as a \gset
select advance('5 minutes');
select reproq_replay(:a) as b \gset
select isnt(:b, :a, 'a replay is a new run');
select is(in_words(:b), 'READY with ready', 'that starts at once');
create temp view kept as
select
    result_id, queue_name, priority, backend_alias, task_path, spec_json, spec_hash, timeout_seconds,
    max_attempts, max_lease_losses, backoff_base, backoff_cap, lock_key, concurrency_key,
    concurrency_limit, result_ttl
from task_runs;
select is(
    (select to_jsonb(k) - 'result_id' from kept k where k.result_id = :b),
    (select to_jsonb(k) - 'result_id' from kept k where k.result_id = :a),
    'it has the spec and the settings of the old one'
);
select row_eq(
    format(
        'select dedup, run_after, expires_at, enqueued_at, attempts, lease_no
        from task_runs where result_id = %s', :b
    ),
    row(
        false, null::timestamptz, '2100-01-01 12:15Z'::timestamptz,
        '2100-01-01 12:05Z'::timestamptz, 0, 0::bigint
    ),
    'it does not dedup, and its time to expire begins anew'
);
select is((run(:a)).status, 'SCHEDULED', 'the old one is not touched');
select isnt(reproq_replay(:a), :b, 'every replay is another one, beside any twin');
select is(claims(5, '{mail}'), 'a', 'its lock holds for the replays, too');
select is((run(:a)).status, 'RUNNING', 'and the oldest goes first');
select reproq_complete(:a, 1);
select is((run(reproq_replay(:a))).status, 'READY', 'a finished run can be replayed');
select throws_ok('select reproq_replay(77)', 'RQ002', 'there is no run 77', 'an unknown run is RQ002');
select throws_ok('select reproq_replay(null)', 'RQ002', null, 'so is a null');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
