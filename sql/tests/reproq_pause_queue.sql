begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a', '{"queue": "mail"}'), enqueue('b', '{"queue": "other"}');
select reproq_pause_queue('mail', 'provider is down');
select row_eq(
    'select queue_name, paused, paused_at, reason from reproq_queue_controls',
    row('mail'::text, true, _reproq_now(), 'provider is down'::text), 'says since when and why'
);
select is(claims(9, '{mail,other}'), 'b', 'nothing of a paused queue is started (I14)');
select isnt(enqueue('c', '{"queue": "mail"}'), null, 'it takes more');
select reproq_pause_queue('mail');
select is((select reason from reproq_queue_controls), 'provider is down', 'pausing it again keeps the reason');
select reproq_set_aging('mail', '1 s'), reproq_pause_queue('mail', 'new');
select row_eq(
    'select reason, aging from reproq_queue_controls', row('new'::text, interval '1 s'), 'unless there is a new one, and the other settings'
);
select throws_ok('select reproq_pause_queue(' || coalesce(quote_literal(q), 'null') || ')', '22023', null, 'a queue has a name')
from unnest(array['', ' ', null, repeat('x', 256)]) q;
select lives_ok($$select reproq_pause_queue('q''; drop table x;--%I')$$, 'any name (I45)');

select * from finish();
rollback;
