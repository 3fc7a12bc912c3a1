begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a \gset
select (run(:a)).claim_order as place \gset
select advance('4 minutes 59 seconds');
select is(reproq_reclaim(), 0, 'a lease that has not run out is left alone');
select advance('1 second');
select is(reproq_reclaim(), 1, 'one that has is taken back');
select is(in_words(:a), 'READY with ready', 'the run is in line again');
select row_eq(
    format(
        'select attempts, lease_losses, lease_no, claim_order, leased_by, leased_until, errors_json
        from task_runs where result_id = %s', :a
    ),
    row(
        0, 1, 1::bigint, :place, null::text, null::timestamptz,
        '[{"kind": "lease_lost", "attempt": 1, "worker_id": "w1", "at": "2100-01-01T12:05:00.000000Z",
            "message": "lease_lost: worker w1 did not renew its lease in time"}]'::jsonb
    ),
    'at its old place; a lost lease is counted apart from attempts'
);
select is(reproq_reclaim(), 0, 'a second reclaim finds nothing');

-- max_lease_losses + 1 starts, then FAILED (I15).

create function lose(id bigint) returns integer language plpgsql volatile as $$
declare
    v_starts integer := 0;
begin
    while claims() <> '' loop
        v_starts := v_starts + 1;
        perform advance('5 minutes'), reproq_reclaim();
    end loop;
    return v_starts;
end;
$$;
select is(lose(:a), 3, 'with the first start, the run started four times');
select is(in_words(:a), 'FAILED with none', 'then it has FAILED: a task that kills its worker');
select is(
    array[(run(:a)).attempts, (run(:a)).lease_losses, jsonb_array_length((run(:a)).errors_json)],
    array[0, 3, 4], 'no attempt was burnt, and each loss has its entry'
);
select is(
    array[(run(:a)).errors_json #>> '{3,kind}', (run(:a)).last_error],
    array['lease_lost', 'lease_lost: worker w1 did not renew its lease in time'],
    'and it says which worker was lost'
);
select enqueue('b', '{"max_lease_losses": 0}') as b \gset
select is(lose(:b), 1, 'with max_lease_losses 0 the first start is the last');
select is((run(:b)).status, 'FAILED', 'and the run has FAILED');
select reproq_retry(:b);
select is(lose(:b), 1, 'a retry counts lost leases anew');

-- What a lost run held is free again (I17, I18).

select started('c', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 1}') as c \gset
select enqueue('d', '{"lock_key": "l"}') as d, enqueue('e', '{"concurrency_key": "k", "concurrency_limit": 1}') as e \gset
select is(claims(5), '', 'lock and key are taken');
select advance('5 minutes');
select is(reproq_reclaim(), 1, 'a full key does not block the reclaim');
select is(
    array[in_words(:d), in_words(:e)], array['READY with ready', 'READY with ready'],
    'who waited at the lock or at the key is awake'
);
select is(claims(1), 'c', 'the lost one comes first');
select reproq_complete(:c, 2), claims(5), reproq_complete(:d, 1), reproq_complete(:e, 1);

-- Each lease by its own length, at most max_tasks a call, the oldest first.

select enqueue('f'), enqueue('g'), enqueue('h');
select * from reproq_claim('w1', lease => '3 minutes');
select * from reproq_claim('w1', lease => '1 minute');
select * from reproq_claim('w1', lease => '2 minutes');
select advance('2 minutes');
select is(reproq_reclaim(1), 1, 'at most max_tasks');
select is(claims(5), 'g', 'the lease that ran out first');
select is(reproq_reclaim(1), 1, 'then the next');
select is(claims(5), 'h', 'in order');
select is(reproq_reclaim(), 0, 'but none that is still good');

-- Leases that belong to no RUNNING run are thrown away (I52).

delete from task_runs;
select enqueue('i') as i, enqueue('j', '{"run_in": 60}') as j \gset
select started('k') as k \gset
select reproq_complete(:k, 1, '1');
select (run(:k))::text as before \gset
insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length)
select x, 1, 'ghost', _reproq_now(), '1 s' from unnest(array[:i, :j, :k, 77]) x;
select is(reproq_reclaim(), 0, 'leases that no RUNNING run has are no reclaim');
select is_empty('select 1 from reproq_leases', 'but are thrown away');
select is((run(:k))::text, :'before', 'a finished run is not touched (I22)');
select is(
    array[in_words(:i), in_words(:j)], array['READY with ready', 'SCHEDULED with scheduled'],
    'nor are runs that wait'
);

insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'RUNNING')
returning result_id as l \gset
select advance('5 minutes');
select is(reproq_reclaim(), 1, 'a RUNNING row of another program is taken back');
select is((run(:l)).attempts, 0, 'and its attempts do not fall below 0');

-- After a restart of the server every worker has its lease's length again to be heard of.

delete from task_runs;
update test_clock set now = pg_postmaster_start_time() - interval '1 hour';
select started('m') as m \gset
update test_clock set now = pg_postmaster_start_time() + interval '4 minutes 59 seconds';
select is(reproq_reclaim(), 0, 'a lease of before the restart is left for its own length');
update test_clock set now = pg_postmaster_start_time() + interval '5 minutes';
select is(reproq_reclaim(), 1, 'and taken back then');

-- What an operator may ask for.

delete from task_runs;
update test_clock set now = '2100-02-01 12:00:00+00';
select started('n') as n, started('o', '{"max_attempts": 5}') as o, started('p') as p \gset
select reproq_cancel(:p);
select advance('6 minutes');
select is(reproq_reclaim(older_than => '61 seconds'), 0, 'a lease that ran out lately is left');
select is(reproq_reclaim(null, dry_run => true), 3, 'a dry run counts');
select is(reproq_reclaim(1, dry_run => true), 1, 'as many as are wanted');
select is(reproq_reclaim(older_than => '1 minute', action => 'fail'), 3, 'so long ago');
select is(
    array[(run(:n)).status, (run(:o)).status, (run(:p)).status, (run(:o)).last_error],
    array['FAILED', 'FAILED', 'CANCELLED', 'lease_lost: worker w1 did not renew its lease in time'],
    'failed for good, whatever attempts are left; a cancelled one is CANCELLED'
);
select is((run(:o)).errors_json #>> '{0,kind}', 'lease_lost', 'with the kind of a lost lease');
select started('q') as q \gset
delete from reproq_leases;
select is(reproq_reclaim(dry_run => true), 0, 'a run without a lease row is left');
select is(reproq_reclaim(dry_run => true, include_null_lease => true), 1, 'unless asked for');
select is(reproq_reclaim(include_null_lease => true), 1, 'then it is taken back');
select is(in_words(:q), 'READY with ready', 'into the line');
select throws_ok('select reproq_reclaim(action => ''drop'')', '22023',
    'action: must be requeue or fail', 'another action');
select throws_ok('select reproq_reclaim(older_than => ''-1 s'')', '22023', null, 'a negative time');

select throws_ok('select reproq_reclaim(' || v || ')', '22023', 'max_tasks: must be at least 1',
    'max_tasks ' || v)
from unnest('{0,-1,null}'::text[]) v where v is not null;
select throws_ok('select reproq_reclaim(null)', '22023', null, 'a null max_tasks');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
