begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a') as a, enqueue('late', '{"expires_in": 60}') as late,
    enqueue('gated', '{"expires_in": 60, "lock_key": "l"}') as gated,
    enqueue('needed', '{"expires_in": 60}') as needed,
    started('running') as running \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as dependant \gset
insert into reproq_edges values (:dependant, :needed);
insert into reproq_ready (ring, queue_name, claim_order, result_id)
values (0, 'default', 1, :running), (2, 'default', 2, 77);
create temp table line as select l as ticket from reproq_ready l;
select advance('60 s');
select ok(not _reproq_clear_line(array(select ticket from line)), 'no gate is touched');
select is(in_words(:a), 'READY with ready', 'a ticket that is in order stays');
select is(in_words(:running), 'RUNNING with lease', 'one of a RUNNING run goes, the run does not');
select is(tickets_of(77), 'none', 'one of no run goes');
select is(in_words(:late), 'FAILED with none', 'a run that is too old ends');
select is(
    array[in_words(:gated), in_words(:needed)], array['READY with ready', 'READY with ready'],
    'unless others wait at its gates or for itself: that is for the tick'
);
select lives_ok('select _reproq_clear_line(array(select ticket from line))', 'what is gone is no error');

-- A ticket thrown away has taken a place at its lock in the eyes of those behind it.
select enqueue('behind', '{"lock_key": "m"}') as behind \gset
insert into reproq_ready (ring, queue_name, claim_order, result_id, lock_key)
values (0, 'default', 1, 78, 'm');
select _reproq_park(array(select l from reproq_ready l), array[:behind], '{lock:m}');
select ok(
    _reproq_clear_line(array(select l from reproq_ready l where l.result_id = 78)), 'its gate is woken'
);
select is(in_words(:behind), 'READY with ready', 'they are woken');
select reproq_tick();
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
