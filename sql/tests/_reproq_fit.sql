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
    from unnest(_reproq_fit(array(
        select l from reproq_ready l order by l.claim_order desc, l.result_id desc
    ))) t$$,
    format('values (%s), (%s)', :in_time, :a),
    'what is READY and not too old stays, in the order given; what runs or does not exist goes'
);
select is(_reproq_fit('{}'), '{}', 'nobody is no error');

select * from finish();
rollback;
