begin;
select plan(7);

select lives_ok('select _reproq_check_prune(1, false), _reproq_check_prune(100000, true)', 'the bounds');
select lives_ok('select _reproq_check_prune(null, true)', 'all of them may be counted');
select throws_ok(format('select _reproq_check_prune(%s)', b.arguments), '22023', 'max_tasks: must be between 1 and 100000', b.arguments)
from (values ('0, true'), ('-1, false'), ('100001, true'), ('null, false')) b (arguments);
select throws_ok('select _reproq_check_prune(1, null)', '22004', 'dry_run: must not be null', 'a null dry_run');

select * from finish();
rollback;
