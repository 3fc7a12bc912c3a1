begin;
select no_plan();
\ir helpers/setup.sql

-- Runs that wait for others, by hand: `after` names those that were made before it.

create temp table member (name text primary key, id bigint);
create function waits(name text, after text[] default '{}', options jsonb default '{}') returns bigint
language plpgsql volatile as $$
declare
    v_id bigint;
begin
    if after = '{}' then
        v_id := enqueue(name, options);
    else
        insert into task_runs (spec_json, status, dedup, run_after, lock_key, priority)
        values (
            jsonb_build_object('task_path', 'shop.tasks.work', 'args', jsonb_build_array(name)), 'WAITING',
            false, (options ->> 'run_after')::timestamptz, options ->> 'lock_key',
            coalesce((options ->> 'priority')::integer, 0)
        )
        returning result_id into v_id;
        insert into reproq_edges (result_id, waits_for)
        select v_id, m.id from member m where m.name = any(after);
    end if;
    insert into member values (name, v_id);
    return v_id;
end;
$$;
create function finish_run(name text, outcome text) returns text language plpgsql volatile as $$
declare
    v_id bigint := (select m.id from member m where m.name = finish_run.name);
begin
    perform reproq_claim('w1', max_tasks => 1000);
    return case outcome
        when 'complete' then reproq_complete(v_id, (run(v_id)).lease_no)::text
        when 'fail' then reproq_fail(v_id, (run(v_id)).lease_no, '{}', false)
        else reproq_cancel(v_id)
    end;
end;
$$;
create function states() returns text language sql volatile as $$
    select string_agg(m.name || ' ' || r.status, ', ' order by m.id)
    from member m inner join task_runs r on r.result_id = m.id
    where r.status <> 'SUCCESSFUL';
$$;

-- A diamond.

select waits('a'), waits('b', '{a}'), waits('c', '{a}'), waits('d', '{b,c}', '{"priority": 3}') as d \gset
select is(claims(9), 'a', 'who waits for others is not claimed');
select finish_run('a', 'complete');
select is(states(), 'b READY, c READY, d WAITING', 'the last predecessor''s success releases');
select advance('1 hour');
select finish_run('b', 'complete');
select is(states(), 'c RUNNING, d WAITING', 'one of two predecessors does not');
select is(tickets_of(:d), 'none', 'and gives no ticket');
select finish_run('c', 'complete');
select is(in_words(:d), 'READY with ready', 'the second does (I26)');
select is(
    (run(:d)).claim_order, _reproq_claim_order('default', 3, _reproq_now()),
    'its place in line is as from its release, less its priority'
);
select is((select count(*) from reproq_edges), 4::bigint, 'the edges stay, for a retry and for the results');
select finish_run('d', 'complete');
select is(states(), null, 'the diamond is through');

-- Both of the last predecessors in one batch.

delete from member;
select waits('a') as a, waits('b') as b, waits('c', '{a,b}') as c \gset
select claims(9);
select * from reproq_finish('w1', jsonb_build_array(
    jsonb_build_object('result_id', :a, 'lease_no', 1, 'outcome', 'complete'),
    jsonb_build_object('result_id', :b, 'lease_no', 1, 'outcome', 'complete')
));
select is(in_words(:c), 'READY with ready', 'two successes in one batch release once');
select finish_run('c', 'complete');

-- A time of its own.

delete from member;
select waits('a'), waits('b', '{a}', '{"run_after": "2100-01-02"}') as b, waits('c', '{a}', '{"run_after": "2100-01-01"}') as c \gset
select finish_run('a', 'complete');
select is(in_words(:b), 'SCHEDULED with scheduled', 'a released run with a time to come waits for it');
select is(in_words(:c), 'READY with ready', 'one whose time has passed does not');
delete from task_runs;

-- Bad ends (I27).

delete from member;
select waits('a'), waits('x'), waits('b', '{a,x}') as b, waits('c', '{b}') as c, waits('d', '{c,x}') as d, waits('other', '{x}') \gset
select finish_run('a', 'fail');
select is(
    states(), 'a FAILED, x RUNNING, b FAILED, c FAILED, d FAILED, other WAITING',
    'a failure ends every transitive dependant in the same transaction, and nobody else'
);
select is(
    (run(:d)).errors_json #- '{0,at}',
    jsonb_build_array(jsonb_build_object(
        'kind', 'workflow_failed', 'failed_result_id', (select id from member where name = 'a'),
        'message', format('workflow_failed: run %s did not succeed', (select id from member where name = 'a')),
        'attempt', 0, 'worker_id', null
    )),
    'each says which run it was'
);
select is((run(:d)).failed_at, _reproq_now(), 'and when');
select finish_run('x', 'complete');
select is(states(), 'a FAILED, b FAILED, c FAILED, d FAILED, other READY', 'others go on');

delete from task_runs;
delete from member;
select waits('a'), waits('b', '{a}') \gset
select finish_run('a', 'cancel'), reproq_fail(id, 1, '{}') from member where name = 'a';
select is(states(), 'a CANCELLED, b FAILED', 'a cancelled predecessor fails them, too');
delete from task_runs;
delete from member;
select waits('a', '{}', '{"expires_in": 60}'), waits('b', '{a}') \gset
select advance('60 s'), reproq_tick();
select is(states(), 'a FAILED, b FAILED', 'so does one that expired (I8)');
delete from task_runs;
delete from member;
select waits('a', '{}', '{"max_lease_losses": 0}'), waits('b', '{a}') \gset
select claims(), advance('5 minutes'), reproq_reclaim();
select is(states(), 'a FAILED, b FAILED', 'and one whose worker was lost');

-- A run that an operator has retried waits as before.

delete from task_runs;
delete from member;
select waits('a') as a, waits('b', '{a}') as b \gset
select reproq_cancel(:b), reproq_retry(:b), waits('c', '{b}');
select finish_run('a', 'fail');
select is(states(), 'a FAILED, b FAILED, c FAILED', 'and ends with its predecessor');

-- A failure that is tried again ends nobody.

delete from task_runs;
delete from member;
select waits('a') as a, waits('b', '{a}') \gset
select claims(), reproq_fail(:a, 1, '{}');
select is(states(), 'a SCHEDULED, b WAITING', 'a failed attempt that is tried again ends nobody');

-- A released run meets its lock like any other.

delete from task_runs;
delete from member;
select started('holder', '{"lock_key": "l"}') as holder \gset
select waits('a', '{}', '{"priority": 1000}'), waits('b', '{a}', '{"lock_key": "l"}') as b \gset
select finish_run('a', 'complete'), claims(9);
select is(in_words(:b), 'BLOCKED with blocked', 'a released run waits for its lock');
select reproq_complete(:holder, 1);
select is(claims(9), 'b', 'and starts when it is free');

-- A thousand members.

delete from task_runs;
delete from member;
select count(waits(n || '')) from generate_series(1, 500) n \gset
select waits('callback', (select array_agg(name) from member)) as callback \gset
select count(waits('m' || n, '{callback}')) from generate_series(1, 3) n \gset
select reproq_finish('w1', jsonb_agg(jsonb_build_object('result_id', c.result_id, 'lease_no', 1, 'outcome', 'complete')))
from reproq_claim('w1', max_tasks => 499) c;
select is((run(:callback)).status, 'WAITING', 'a chord of 500 waits for its last member');
select reproq_complete(c.result_id, 1) from reproq_claim('w1') c;
select is((run(:callback)).status, 'READY', 'which releases it');
select is_empty('select * from reproq_violations()', 'no invariant is broken');
select lives_ok('select _reproq_settle_dependants(null, null)', 'nobody settled is no error');

select * from finish();
rollback;
