begin;
select no_plan();

select throws_ok(
    'select _reproq_refuse(''queue'', ''must not be blue'')', '22023', 'queue: must not be blue',
    'a bad argument is named, and is 22023'
);
select throws_ok(
    'select _reproq_refuse(''specs[2].'', ''must be an object'', ''RQ004'')', 'RQ004',
    'specs[2]: must be an object', 'another code can be given, and a place without a key ends cleanly'
);
select throws_ok(
    'select _reproq_refuse(''%I %s'', ''100 %'')', '22023', '%I %s: 100 %', 'formats are only text'
);

select * from finish();
rollback;
