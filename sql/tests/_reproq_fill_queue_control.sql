begin;
select no_plan();
\ir helpers/setup.sql

insert into reproq_queue_controls (queue_name, paused, reason) values ('mail', true, 'why');
prepare control as select paused, paused_at, reason, updated_at from reproq_queue_controls;
select row_eq('execute control', row(true, _reproq_now(), 'why'::text, _reproq_now()), 'a plain row says since when');
select advance('1 s');
update reproq_queue_controls set reason = 'still';
select row_eq(
    'execute control', row(true, _reproq_now() - interval '1 s', 'still'::text, _reproq_now()), 'which stays while it is paused'
);
update reproq_queue_controls set paused = false;
select row_eq('execute control', row(false, null::timestamptz, null::text, _reproq_now()), 'and goes with the reason');
select throws_ok(
    format('insert into reproq_queue_controls (queue_name) values (%L)', n), '22023',
    'queue_name: must be a name of 1 to 255 characters', 'a queue has a name'
)
from unnest(array['', ' ', repeat('x', 256)]) n;

select * from finish();
rollback;
