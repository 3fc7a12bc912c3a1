begin;
select no_plan();
\ir helpers/setup.sql

create function parked() returns text language sql volatile as $$
    select coalesce(string_agg(format('%s at %s', r.spec_json #>> '{args,0}', b.gate), ', ' order by b.result_id), 'none')
    from reproq_blocked b inner join task_runs r on r.result_id = b.result_id;
$$;
create function enqueue_three() returns void language sql volatile as $$
    select enqueue('x'), enqueue('y', '{"task_path": "a.y"}'), enqueue('z', '{"queue": "other"}');
$$;
delete from rate_limits;
select reproq_set_rate_limit('global', 0.001, 1);
update rate_limits set current_tokens = 0;
select enqueue_three(), claims(9, '{default,other}');
select is(parked(), 'x at rate:global, y at rate:global, z at rate:global', 'all wait for one bucket');
select is(_reproq_sweep_buckets(9), 0, 'which is empty');

-- A narrower bucket.

select reproq_set_rate_limit('task:a.y', 0.001, 1), reproq_set_rate_limit('queue:other', 0.001, 1);
select is(_reproq_sweep_buckets(9), 2, 'whose bucket has changed is brought back');
select is(parked(), 'x at rate:global', 'and nobody else');
select is(claims(9, '{default,other}'), 'y z', 'to start from the new ones');
select is((select count(*) from rate_limits where overrides_since is not null), 3::bigint, 'a claim may still be parking at the old one');
select advance('11 s'), _reproq_sweep_buckets(9);
select is((select count(*) from rate_limits where overrides_since is not null), 0::bigint, 'after a while that is over');

-- Buckets that are gone or disabled.

delete from task_runs;
update rate_limits set current_tokens = 0;
select enqueue_three(), claims(9, '{default,other}');
select is(parked(), 'x at rate:global, y at rate:task:a.y, z at rate:queue:other', 'each at its own');
select reproq_set_rate_limit('task:a.y', 0), reproq_delete_rate_limit('queue:other');
select is(_reproq_sweep_buckets(1), 1, 'as many as may be');
select is(_reproq_sweep_buckets(9), 1, 'whose bucket is none any more is brought back');
select claims(9, '{default,other}');
select is(parked(), 'x at rate:global, y at rate:global, z at rate:global', 'to wait for the one that holds now');
delete from rate_limits;
select is((reproq_tick()).woken, 3, 'without any they are free');
select is(claims(9, '{default,other}'), 'x y z', 'by the next tick');

-- An open bucket, and a clock that went back.

delete from task_runs;
select reproq_set_rate_limit('global', 1, 1);
update rate_limits set current_tokens = 0;
select enqueue('x') as x, claims() \gset
update rate_limits set last_refilled_at = _reproq_now() + interval '1 h';
select is(_reproq_sweep_buckets(9), 0, 'nothing is there');
select advance('1 s');
select is(_reproq_sweep_buckets(9), 0, 'an open bucket is left to its claims');
select is(in_words(:x), 'BLOCKED with blocked', 'and its runs to them');
select is(claims(), 'x', 'after the clock went back it fills as before');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
