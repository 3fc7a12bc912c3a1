begin;
select no_plan();
\ir helpers/setup.sql

select reproq_set_aging('mail', '0');
select enqueue('old', '{"queue": "mail"}'), advance('1 day'), enqueue('important', '{"queue": "mail", "priority": 1}');
select is(claims(9, '{mail}'), 'important old', 'strict priority');
select reproq_set_aging('mail', '1 hour');
select enqueue('c', '{"queue": "mail"}'), advance('59 min'), enqueue('d', '{"queue": "mail", "priority": 1}');
select is(claims(9, '{mail}'), 'd c', 'a point of priority is worth that much waiting');
select enqueue('e', '{"queue": "mail"}'), advance('61 min'), enqueue('f', '{"queue": "mail", "priority": 1}');
select is(claims(9, '{mail}'), 'e f', 'and no more');
select reproq_set_aging('mail', null);
select is((select aging from reproq_queue_controls), null, 'null is the default again');
select throws_ok('select reproq_set_aging(' || b || ')', '22023', null, b)
from unnest(array[$$'mail', '-1 s'$$, $$'mail', '101 years'$$, $$'', '1 s'$$, $$null, '1 s'$$]) b;

select * from finish();
rollback;
