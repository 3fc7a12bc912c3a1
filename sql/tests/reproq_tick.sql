begin;
select no_plan();
\ir helpers/setup.sql

select results_eq(
    'select * from reproq_tick()', 'values (0, 0, 0, 0, 0, 0, 0)', 'a tick of an idle queue does nothing'
);

-- One of each part.

select started('lost') as lost, started('old', '{"result_ttl": 30}') as old \gset
select reproq_complete(:old, 1);
select enqueue('due', '{"run_in": 60}') as due, enqueue('later', '{"run_in": 3600}') as later,
    enqueue('late', '{"expires_in": 60}') as late, enqueue('left behind') \gset
insert into reproq_ring (current) values (1);
select advance('5 minutes');
select results_eq(
    'select * from reproq_tick()', 'values (1, 1, 1, 0, 1, 0, 1)',
    'a tick wakes, reclaims, expires, moves and prunes, and counts each'
);
select is(in_words(:due), 'READY with ready', 'what is due is in line');
select is(in_words(:later), 'SCHEDULED with scheduled', 'what is not, is not');
select is(in_words(:lost), 'READY with ready', 'a lost run is taken back');
select is(in_words(:late), 'FAILED with none', 'what was not picked up in time has ended');
select is((run(:late)).errors_json #>> '{0,kind}', 'expired', 'as expired');
select is((run(:old)).result_id, null, 'a result past its time to live is gone');
select is((select array_agg(distinct ring) from reproq_ready), '{1}', 'tickets stand in the current part');
select is(claims(5), 'lost left behind due', 'in their order');

-- A partition that is drained is truncated by a tick that does nothing else, since it is locked
-- until the commit.

select advance('1 hour');
select results_eq(
    'select * from reproq_tick()', 'values (0, 0, 0, 0, 0, 1, 0)', 'the next tick truncates and leaves the rest'
);
select is(in_words(:later), 'SCHEDULED with scheduled', 'what is due, too');
select is((select woken from reproq_tick()), 1, 'to the one after it');
select results_eq(
    'select * from reproq_tick()', 'values (0, 0, 0, 0, 0, 0, 0)', 'then there is nothing to do'
);

-- A gate with a free place wakes its first (I51).

delete from task_runs;
select started('holder', '{"lock_key": "l"}') as holder \gset
select enqueue('parked', '{"lock_key": "l"}') as parked \gset
select claims();
delete from reproq_leases;
select is((select woken from reproq_tick()), 1, 'a gate that was left with a free place is swept');
select is(in_words(:parked), 'READY with ready', 'and its first run is awake');

-- A caller may leave the reclaiming to others.

delete from task_runs;
select started('lost') as lost \gset
select advance('6 minutes');
select is((select reclaimed from reproq_tick(reclaim => false)), 0, 'a tick told not to reclaim does not');
select is((select reclaimed from reproq_tick()), 1, 'the next one does');

select * from finish();
rollback;
