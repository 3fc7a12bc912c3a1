begin;
select no_plan();
\ir helpers/setup.sql

select started('a', '{"metadata": {"a": 1}}') as a \gset
select advance('1 s');
select reproq_save_metadata(:a, 1, '{"b": 2}');
select is((run(:a)).metadata_json, '{"b": 2}', 'metadata are replaced');
select is((run(:a)).updated_at, _reproq_now(), 'and the record says when');
select is(in_words(:a), 'RUNNING with lease', 'the run goes on');
select reproq_save_metadata(:a, null, '{"c": 3}');
select is((run(:a)).metadata_json, '{"c": 3}', 'who is no worker names no lease');
select enqueue('b') as b \gset
select reproq_save_metadata(:b, null, '{"d": 4}');
select is((run(:b)).metadata_json, '{"d": 4}', 'and may write to a run that waits');

select throws_ok(
    format('select reproq_save_metadata(%s, %s, %L)', r.id, r.lease, r.metadata), r.code, r.message, r.name
)
from (values
    ('an old lease', :a, '0', '{}', 'RQ001',
        format('lease 0 of run %s is not current: the run is RUNNING with lease 1', :a)),
    ('a lease of a run that waits', :b, '1', '{}', 'RQ001', null),
    ('an unknown run', 77, 'null', '{}', 'RQ002', 'there is no run 77'),
    ('an unknown run''s lease', 77, '1', '{}', 'RQ002', 'there is no run 77'),
    ('metadata that are no object', :a, '1', '[]', '22023', 'metadata: must be a JSON object'),
    ('null metadata', :a, '1', null, '22023', 'metadata: must be a JSON object'),
    ('JSON null', :a, '1', 'null', '22023', 'metadata: must be a JSON object')
) r (name, id, lease, metadata, code, message);
select throws_ok(
    format('select reproq_save_metadata(%s, 1, jsonb_build_object(''a'', repeat(''x'', 1048576)))', :a),
    'RQ004', 'metadata: is larger than 1 MiB', 'metadata above 1 MiB'
);
select is((run(:a)).metadata_json, '{"c": 3}', 'a refused call changes nothing');
select reproq_complete(:a, 1);
select throws_ok(
    format('select reproq_save_metadata(%s, 1, ''{}'')', :a), 'RQ003',
    format('run %s is already SUCCESSFUL', :a), 'a worker that has finished writes no more'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
