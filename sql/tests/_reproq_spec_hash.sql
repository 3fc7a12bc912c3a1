begin;
select no_plan();
\ir helpers/setup.sql

select is(
    _reproq_spec_hash('{"b": [1], "a": "é"}'),
    encode(sha256(convert_to('{"a": "é", "b": [1]}', 'UTF8')), 'hex'),
    'the hash is that of the jsonb text in UTF-8'
);
select is(
    _reproq_spec_hash('{"b": 1, "a": 2}'), _reproq_spec_hash('{"a": 2, "b": 1}'),
    'the order of keys does not count'
);
select isnt(_reproq_spec_hash('[1]'), _reproq_spec_hash('[1.0]'), '1 and 1.0 stay apart (I7)');

select * from finish();
rollback;
