begin;
select no_plan();
\ir helpers/setup.sql

select started('running') as running, enqueue('a') as a, enqueue('late', '{"expires_in": 60}') as late,
    enqueue('in time', '{"expires_in": 61}') as in_time \gset
insert into reproq_ready (ring, queue_name, claim_order, result_id)
values (0, 'default', 1, :running), (2, 'default', 2, 77);
select advance('60 s');
select results_eq(
    $$select t.result_id
    from _reproq_fit(array(
        select l from reproq_ready l order by l.claim_order desc, l.result_id desc
    ), false) f cross join unnest(f.fit) t$$,
    format('values (%s), (%s)', :in_time, :a),
    'what is READY and not too old stays, in the order given; what runs or does not exist goes'
);
select is((_reproq_fit('{}', true)).fit, '{}', 'nobody is no error');

delete from task_runs;
select reproq_set_rate_limit('task:shop.tasks.work', 1), reproq_set_rate_limit('global', 1);
select enqueue('a'), enqueue('b', '{"task_path": "shop.tasks.other"}'), enqueue('c');
prepare buckets as
select f.buckets from _reproq_fit(array(select l from reproq_ready l order by l.result_id), $1) f;
select results_eq(
    'execute buckets(true)', $$values ('{task:shop.tasks.work,global,task:shop.tasks.work}'::text[])$$,
    'each run has the bucket of its task'
);
select results_eq('execute buckets(false)', $$values ('{null,null,null}'::text[])$$, 'or none, when nobody asks');

select * from finish();
rollback;
