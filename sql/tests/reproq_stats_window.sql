begin;
select no_plan();
\ir helpers/setup.sql

create function window_for(most integer) returns interval
language sql volatile as $$ select reproq_stats_window(most) $$;

select is(window_for(1), '360000 days', 'nothing has finished: all of it');
select reproq_complete(started('a'), 1);
select is(window_for(1), '360000 days', 'as many as wanted: all of them');
select advance('3 days');
select reproq_complete(started('b'), 1);
select is(window_for(2), '360000 days', 'all of both');
select is(window_for(1), '1 day', 'the longest time that leaves the one of three days ago out');
select is(
    (select s.successful from reproq_stats(window_for(1)) s), 1::bigint,
    'is what reproq_stats takes'
);
select advance('30 seconds');
select reproq_complete(started('c'), 1);
select is(window_for(1), '10 seconds', 'and short where much is done');
select reproq_complete(started('d'), 1);
select is(window_for(1), '1 second', 'at least a second');
select throws_ok(format('select reproq_stats_window(%s)', n), '22023', null, 'max_tasks is at least 1')
from unnest('{0,-1,"null"}'::text[]) n;

select * from finish();
rollback;
