begin;
select plan(27);

select is(_reproq_cron_field(f.field, f.place), f.vals::integer[], f.field || ' at ' || f.place)
from (
    values
        ('*/20', 1, '{0,20,40}'), ('5', 1, '{5}'), ('0-10/5', 1, '{0,5,10}'), ('50/5', 1, '{50,55}'),
        ('30,1-3,2', 1, '{1,2,3,30}'), ('*/9', 2, '{0,9,18}'), ('*/15', 3, '{1,16,31}'),
        ('JAN-mar,Dec', 4, '{1,2,3,12}'), ('*', 5, '{0,1,2,3,4,5,6}'), ('7', 5, '{0}'),
        ('5-7', 5, '{0,5,6}'), ('fri-sun', 5, '{0,5,6}'), ('sun-tue', 5, '{0,1,2}'),
        ('0,7', 5, '{0}'), ('4/2', 5, '{4,6}'), ('7/2', 5, '{0}'), ('*/99', 1, '{0}')
) f (field, place, vals);

select throws_ok(
    format('select _reproq_cron_field(%L, 1)', f.field), '22023',
    'cron_expr: field 1 (minute): ' || f.problem, f.field
)
from (
    values
        ('*/0', 'the step of "*/0" must be above 0'), ('5-1', 'the range "5-1" runs backwards'),
        ('1-', '"1-" cannot be read'), (',', '"" cannot be read'), ('1,,2', '"" cannot be read'),
        ('*-5', '"*-5" cannot be read'), ('٣', '"٣" cannot be read'), ('-1', '"-1" cannot be read'),
        ('1-99', '"99" must be between 0 and 59'),
        ('1' || repeat('1', 60), '"1111111111111111111111111111111111111111" cannot be read')
) f (field, problem);

select * from finish();
rollback;
