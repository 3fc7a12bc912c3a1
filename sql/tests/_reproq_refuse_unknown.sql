begin;
select no_plan();

select throws_ok('select _reproq_refuse_unknown(7)', 'RQ002', 'there is no run 7', 'an unknown run is RQ002');
select throws_ok('select _reproq_refuse_unknown(null)', 'RQ002', 'there is no run null', 'a null, too');

select * from finish();
rollback;
