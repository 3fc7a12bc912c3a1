begin;
select no_plan();
\ir helpers/setup.sql

-- A first failure.

select started('a') as a \gset
select advance('1 second');
select is(
    reproq_fail(:a, 1, '{"message": "x", "exception_class": "ValueError", "traceback": "at line 3"}'),
    'SCHEDULED', 'a failed attempt is tried again later'
);
select is(in_words(:a), 'SCHEDULED with scheduled', 'the run waits for its backoff');
select is(
    (run(:a)).errors_json,
    '[{
        "kind": "app_error", "message": "x", "exception_class": "ValueError",
        "traceback": "at line 3", "attempt": 1, "worker_id": "w1",
        "at": "2100-01-01T12:00:01.000000Z"
    }]',
    'the error has kind, attempt, worker and time (I23)'
);
select is(
    array[(run(:a)).last_error, (run(:a)).leased_by], array['x', null], 'the last error is at hand'
);
select is(
    array[(run(:a)).run_after, (run(:a)).finished_at, (run(:a)).failed_at, (run(:a)).leased_until],
    array['2100-01-01 12:00:31Z', null, null, null]::timestamptz[],
    'the backoff counts from the failure, and the run has not ended'
);

-- The figures: base * 2^(n - 1), capped.

create function delays(options jsonb, tries integer) returns text language plpgsql volatile as $$
declare
    v_id bigint := enqueue('backoff', '{"max_attempts": 10000, "queue": "b"}' || options);
    v_delays text[];
    v_lease_no bigint;
begin
    for v_try in 1..tries loop
        perform reproq_tick();
        select c.lease_no into v_lease_no from reproq_claim('w1', '{b}') c;
        perform reproq_fail(v_id, v_lease_no, '{}');
        v_delays := v_delays || extract(epoch from (run(v_id)).run_after - _reproq_now())::text;
        update test_clock set now = greatest(now, (run(v_id)).run_after);
    end loop;
    perform reproq_cancel(v_id);
    return array_to_string(v_delays, ' ')::text;
end;
$$;
select is(
    regexp_replace(delays('{}', 9), '\.0+', '', 'g'), '30 60 120 240 480 960 1920 3600 3600',
    'by default 30 s, doubled up to an hour'
);
select is(
    regexp_replace(delays('{"backoff_base": 2, "backoff_cap": 5}', 4), '\.0+', '', 'g'), '2 4 5 5',
    'base and cap are the run''s own'
);
select is(
    regexp_replace(delays('{"backoff_base": 10, "backoff_cap": 5}', 2), '\.0+', '', 'g'), '5 5',
    'a cap below the base caps'
);
select is(
    regexp_replace(delays('{"backoff_base": 0}', 3), '\.0+', '', 'g'), '0 0 0',
    'a base of 0 tries again at once'
);
select is(
    (regexp_split_to_array(delays('{"backoff_base": "10 years", "backoff_cap": "1 day"}', 60), ' '))[60]
        ::numeric,
    86400::numeric, 'no number of attempts is too large for the doubling'
);

-- retry and retry_in.

delete from task_runs;
select started('b') as b \gset
select is(
    reproq_fail(:b, 1, '{}', retry_in => '2 hours'), 'SCHEDULED', 'retry_in overrides the backoff'
);
select is((run(:b)).run_after, _reproq_now() + '2 hours', 'also above the cap');
select started('c') as c \gset
select is(reproq_fail(:c, 1, '{}', retry_in => '0'), 'READY', 'a retry_in of 0 is at once');
select is(in_words(:c), 'READY with ready', 'in line again');
select is(claims(), 'c', 'and claimable');
select is(reproq_fail(:c, 2, '{"message": "no"}', retry => false), 'FAILED', 'retry false is the end');
select is(in_words(:c), 'FAILED with none', 'the run holds nothing any more');
select is(
    array[(run(:c)).finished_at, (run(:c)).failed_at],
    array[_reproq_now(), _reproq_now()], 'it has finished, and failed'
);
select is(jsonb_array_length((run(:c)).errors_json), 2, 'each failure has its entry');
select started('d') as d \gset
select is(reproq_fail(:d, 1, '{}', retry => null), 'SCHEDULED', 'a null retry is the default');

-- Attempts run out (I15).

delete from task_runs;
select started('e', '{"max_attempts": 2, "backoff_base": 0}') as e \gset
select reproq_fail(:e, 1, '{"kind": "timeout", "message": "first"}');
select claims();
select is(
    reproq_fail(:e, 2, '{"kind": "infra_error", "message": "second"}'), 'FAILED',
    'after max_attempts the run has FAILED'
);
select is((run(:e)).attempts, 2, 'having been started as often');
select is(
    (
        select array_agg(x ->> 'attempt' || ' ' || (x ->> 'kind') || ' ' || (x ->> 'message'))
        from jsonb_array_elements((run(:e)).errors_json) x
    ),
    array['1 timeout first', '2 infra_error second'],
    'its errors are in order, each with its attempt and its kind'
);

-- What a worker may say.

select started('f') as f \gset
select is(reproq_fail(:f, 1, null, false), 'FAILED', 'an error without details is taken');
select is(
    (run(:f)).errors_json #- '{0,at}',
    '[{"kind": "app_error", "message": "", "attempt": 1, "worker_id": "w1"}]',
    'and is the task''s own'
);
select started('g') as g \gset
select reproq_fail(
    :g, 1, jsonb_build_object('message', repeat('m', 20000), 'traceback', repeat('t', 200000) || 'end')
);
select is(
    array[
        length((run(:g)).errors_json #>> '{0,message}'),
        length((run(:g)).errors_json #>> '{0,traceback}'), length((run(:g)).last_error)
    ],
    array[8192, 32768, 1024], 'a huge error is cut'
);
select ok(
    (run(:g)).errors_json #>> '{0,traceback}' like '%end'
    and ((run(:g)).errors_json #> '{0,truncated}')::boolean,
    'the end of its traceback stays, and it says that it was cut'
);
select started('h') as h \gset
select is(
    reproq_fail(:h, 1, '{"kind": "cancelled", "message": "not wanted"}'), 'CANCELLED',
    'a task that cancels itself is CANCELLED'
);
select is((run(:h)).errors_json #>> '{0,message}', 'not wanted', 'and says why');
select started('i') as i \gset
select reproq_cancel(:i);
select is(
    reproq_fail(:i, 1, '{"message": "killed"}'), 'CANCELLED',
    'a run given back with its cancellation requested is CANCELLED, not tried again (I21)'
);
select is(
    array[(run(:i)).errors_json #>> '{0,kind}', (run(:i)).errors_json #>> '{0,message}'],
    array['cancelled', 'killed'], 'with what the worker said'
);
select is((run(:i)).failed_at, null, 'a CANCELLED run has not failed');

-- The fence, and bad arguments.

select started('j') as j \gset
select throws_ok(
    format('select reproq_fail(%s, %s, ''%s'', retry_in => %L)', :j, b.lease, b.error, b.delay),
    b.code, b.message, b.name
)
from (values
    ('an old lease', 0, '{}', null, 'RQ001',
        format('lease 0 of run %s is not current: the run is RUNNING with lease 1', :j)),
    ('an error that is no object', 1, '[]', null, '22023', 'error: must be a JSON object'),
    ('an error that is JSON null', 1, 'null', null, '22023', 'error: must be a JSON object'),
    ('a negative delay', 1, '{}', '-1 s', '22023', 'retry_in: must be between 0 and 10 years'),
    ('a delay of 11 years', 1, '{}', '11 years', '22023', 'retry_in: must be between 0 and 10 years')
) b (name, lease, error, delay, code, message);
select throws_ok('select reproq_fail(77, 1, ''{}'')', 'RQ002', 'there is no run 77', 'an unknown run');
select throws_ok(
    format('select reproq_fail(%s, 1, ''{}'')', :i), 'RQ003', format('run %s is already CANCELLED', :i),
    'a finished run'
);
select is(in_words(:j), 'RUNNING with lease', 'a refused call changes nothing');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
