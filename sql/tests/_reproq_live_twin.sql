begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('live') as live, enqueue('late', '{"expires_in": 60}') as late,
    enqueue('alone', '{"dedup": false}') as alone, started('picked up', '{"expires_in": 60}') as picked_up \gset

select is(_reproq_live_twin((run(:live)).spec_hash), :live, 'a live run is a twin');
select is(_reproq_live_twin((run(:alone)).spec_hash), null, 'one that does not dedup is none');
select is(_reproq_live_twin('unknown'), null, 'nobody has that hash');
select advance('61 s');
select is(_reproq_live_twin((run(:picked_up)).spec_hash), :picked_up, 'a RUNNING run does not expire');
select is(_reproq_live_twin((run(:late)).spec_hash), null, 'one that has expired makes room');
select is(in_words(:late), 'FAILED with none', 'by being settled');
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
