begin;
select no_plan();
\ir helpers/setup.sql

create function awake() returns text language sql volatile as $$
    select coalesce(string_agg(r.spec_json #>> '{args,0}', ' ' order by t.queue_name, t.claim_order, t.result_id), 'none')
    from reproq_ready t inner join task_runs r on r.result_id = t.result_id;
$$;
delete from rate_limits;
select reproq_set_rate_limit('queue:a', 1, 2), reproq_set_rate_limit('queue:b', 1, 2);
update rate_limits set current_tokens = 0;
select enqueue(n, jsonb_build_object('queue', left(n, 1))) from unnest('{a1,a2,a3,b1,b2,b3}'::text[]) n;
select is(claims(9, '{a,b}'), '', 'the buckets are empty');
select is((select count(*) from reproq_blocked), 6::bigint, 'all are parked');
select is(_reproq_wake_buckets('{a,b}', 9), 0, 'an empty bucket wakes nobody');
select advance('1 s');
select is(_reproq_wake_buckets('{c}', 9), 0, 'a queue without parked runs has none to wake');
select reproq_pause_queue('b');
select is(_reproq_wake_buckets('{b}', 9), 0, 'the runs of a paused queue stay where they are');
select is(_reproq_wake_buckets('{a}', 9), 1, 'as many are woken as there are tokens');
select is(awake(), 'a1', 'the first of them');
select reproq_resume_queue('b'), advance('1 h');
select is(_reproq_wake_buckets('{a,b}', 3), 3, 'as many as are wanted');
select is(awake(), 'a1 a2 a3 b1', 'who has waited longest before the others, whatever the bucket');
select * from reproq_tick();
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
