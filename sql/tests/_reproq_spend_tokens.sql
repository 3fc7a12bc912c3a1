begin;
select no_plan();
\ir helpers/setup.sql

delete from rate_limits;
select reproq_set_rate_limit('queue:default', 0.5, 4), reproq_set_rate_limit('task:x', 1, 4);
select enqueue('a') as a, enqueue('b') as b, enqueue('c') as c, enqueue('d') as d \gset
create temp table line as select array_agg(l order by l.result_id) as tickets from reproq_ready l;
select _reproq_spend_tokens(
    array[:a, :b, :d], tickets, '{queue:default,queue:default,queue:default,null}'
) from line;
select results_eq(
    'select key collate "default", current_tokens from rate_limits order by key',
    $$values ('queue:default', 2::double precision), ('task:x', 4)$$,
    'one for each run that has started, from its own bucket'
);
select advance('2 s');
select _reproq_spend_tokens('{}', tickets, array_fill('queue:default'::text, '{4}')) from line;
select is((select current_tokens from rate_limits where key = 'queue:default'), 2::double precision, 'no start costs nothing');
select _reproq_spend_tokens(array[:c], tickets || tickets, array_fill('queue:default'::text, '{8}')) from line;
select row_eq(
    $$select current_tokens, last_refilled_at from rate_limits where key = 'queue:default'$$,
    row(2::double precision, _reproq_now()), 'what came in since is counted first; a doubled ticket is one start'
);
update rate_limits set current_tokens = 0, last_refilled_at = _reproq_now() + interval '1 h';
select _reproq_spend_tokens(array[:c], tickets, array_fill('queue:default'::text, '{4}')) from line;
select row_eq(
    $$select current_tokens, last_refilled_at from rate_limits where key = 'queue:default'$$,
    row(0::double precision, _reproq_now()), 'after the clock went back a bucket is empty, not in debt'
);

select * from finish();
rollback;
