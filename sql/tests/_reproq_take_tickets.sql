begin;
select no_plan();
\ir helpers/setup.sql

select started('running', '{"lock_key": "l"}') as running, enqueue('blocked', '{"lock_key": "l"}') as blocked \gset
select claims();
select enqueue('ready') as ready, enqueue('later', '{"run_in": 60}') as later, enqueue('other') as other \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_ready (ring, queue_name, claim_order, result_id)
select 1, queue_name, claim_order, result_id from reproq_ready where result_id = :ready;

select is(
    _reproq_take_tickets(array[:running, :ready, :later, :waiting, :blocked, 77]),
    (select array_agg(i order by i) from unnest(array[:ready, :later, :waiting, :blocked]) i),
    'runs that wait are taken, by id; those that run or do not exist are not'
);
select is(
    array[tickets_of(:ready), tickets_of(:later), tickets_of(:blocked), tickets_of(:running), tickets_of(:other)],
    array['none', 'none', 'none', 'lease', 'ready'], 'their tickets are gone, also a doubled one'
);
select is(_reproq_take_tickets(array[:ready, :later]), '{}', 'what has no ticket is not taken twice');
select is(_reproq_take_tickets('{}'), '{}', 'nobody is no error');

select * from finish();
rollback;
