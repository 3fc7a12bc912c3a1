begin;
select no_plan();
\ir helpers/setup.sql

select is(
    _reproq_spec_hash('{"a": "é", "b": [1]}'),
    encode(sha256(convert_to('{"a": "é", "b": [1]}', 'UTF8')), 'hex'),
    'the hash is that of the text in UTF-8'
);
select isnt(_reproq_spec_hash('[1]'), _reproq_spec_hash('[1.0]'), '1 and 1.0 stay apart (I7)');

select * from finish();
rollback;
