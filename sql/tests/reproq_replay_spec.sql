begin;
select plan(6);
\ir helpers/setup.sql

select started('a') as first \gset
select reproq_complete(:first, 1);
select started('a') as second, (run(:first)).spec_hash as hash \gset
select started('b') as other \gset
select reproq_complete(:second, 1), advance('1 minute');
select is((run(:second)).spec_hash, (run(:first)).spec_hash, 'two runs of one spec, one after the other');
update task_runs set priority = 5 where result_id = :second;
select reproq_replay_spec(:'hash') as new \gset
select is((run(:new)).spec_hash, (run(:first)).spec_hash, 'a new run of the spec');
select is(in_words(:new), 'READY with ready', 'starts at once');
select is((run(:new)).priority, 5, 'it is a copy of the newest');
select throws_ok(
    'select reproq_replay_spec(''00ff'')', 'RQ002', 'there is no run with spec_hash 00ff', 'an unknown hash'
);
select throws_ok(
    'select reproq_replay_spec(null)', 'RQ002', 'there is no run with spec_hash NULL', 'a null'
);

select * from finish();
rollback;
